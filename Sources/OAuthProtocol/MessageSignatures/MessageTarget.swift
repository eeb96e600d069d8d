/// The target URI of a request in the pieces that RFC 9421 §2.2 signs.
package struct MessageTarget: Sendable, Equatable {
    package static let bytesMax = 8_192

    /// In lower case.
    package let scheme: String
    /// In lower case, without the scheme's own port (RFC 9110 §4.2.3).
    package let authority: String
    /// As it stood in the request line.
    package let requestTarget: String
    /// Not decoded; `/` where it is empty. Nil for the forms without one (`*`, and the authority of CONNECT).
    package let path: String?
    /// Not decoded, without the question mark; nil where there is none.
    package let query: String?

    /// - Parameters:
    ///   - scheme: `http` or `https`, of the public address: behind a proxy not that of our own socket.
    ///   - authority: `Host` or `:authority`.
    ///   - requestTarget: The second word of the request line, or `:path`. Absolute form must agree with scheme and authority.
    /// - Throws: `malformedTarget`, also for anything but visible ASCII, and for a fragment: it never travels, and a server that
    ///   cuts it off would see another target than one that doesn't.
    package init(scheme: String, authority: String, requestTarget: String) throws(MessageSignatureRefusal) {
        let scheme = scheme == "https" ? scheme : scheme.lowercased()
        guard scheme == "https" || scheme == "http", let authority = Self.normalise(authority, scheme: scheme),
            (1...Self.bytesMax).contains(requestTarget.utf8.count),
            requestTarget.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { throw .malformedTarget }
        self.scheme = scheme
        self.authority = authority
        self.requestTarget = requestTarget

        let origin: Substring
        if requestTarget.utf8.first == UInt8(ascii: "/") {
            origin = requestTarget[...]
        } else if let separator = requestTarget.firstRange(of: "://") {
            let rest = requestTarget[separator.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard requestTarget[..<separator.lowerBound].lowercased() == scheme,
                Self.normalise(String(rest[..<end]), scheme: scheme) == authority
            else { throw .malformedTarget }
            origin = rest[end...]
        } else {
            path = nil
            query = nil
            return
        }
        let mark = origin.utf8.firstIndex(of: UInt8(ascii: "?"))
        let pathText = origin[..<(mark ?? origin.endIndex)]
        path = pathText.isEmpty ? "/" : String(pathText)
        query = mark.map { String(origin[origin.utf8.index(after: $0)...]) }
    }

    /// Lower case, and without a port that is empty or the scheme's own.
    private static func normalise(_ authority: String, scheme: String) -> String? {
        var bytes = Array(authority.utf8)
        guard (1...261).contains(bytes.count), bytes.allSatisfy(isAuthority) else { return nil }
        for index in bytes.indices where bytes[index] >= UInt8(ascii: "A") && bytes[index] <= UInt8(ascii: "Z") { bytes[index] |= 0x20 }
        // The colons of an IPv6 address stand inside brackets.
        let isBracketed = bytes.first == UInt8(ascii: "[")
        let hostEnd = isBracketed ? bytes.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : bytes.firstIndex(of: UInt8(ascii: ":"))
        guard let hostEnd = hostEnd ?? (isBracketed ? nil : bytes.count), hostEnd > 0 else { return nil }
        guard isBracketed || !bytes[..<hostEnd].contains(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }) else { return nil }
        if hostEnd < bytes.count {
            let port = bytes[(hostEnd + 1)...]
            guard bytes[hostEnd] == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(StructuredFieldSyntax.isDigit) else { return nil }
            if port.isEmpty || port.elementsEqual((scheme == "https" ? "443" : "80").utf8) { bytes.removeSubrange(hostEnd...) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"): true
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "%"):
            true
        default: FormEncoding.isUnreserved(byte)
        }
    }
}
