/// The parts of an absolute URI (RFC 3986), read so strictly that a browser can't see another host in it than we do: no
/// backslash, whitespace, letter outside ASCII, or escape in the host, all of which browsers repair in ways of their own.
package struct AbsoluteURI: Sendable, Equatable {
    /// As written.
    package let scheme: String
    /// In lower case, an IPv6 address in its brackets; empty in `com.example.app:///cb`; nil without `//`.
    package let host: String?
    package let port: Int?
    /// Path, query and fragment, as written.
    package let rest: String
    package let hasUserInfo: Bool
    package let hasFragment: Bool

    /// What is wrong with a URI, to be said after its name: "logo_uri holds a character …".
    package struct Flaw: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    package init(parsing text: String, bytesMax: Int = 2_048) throws(Flaw) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw Flaw(description: "is empty") }
        guard bytes.count <= bytesMax else { throw Flaw(description: "is longer than \(bytesMax) bytes") }
        try Self.checkCharacters(bytes)

        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(bytes[..<colon]) else {
            throw Flaw(description: "is not an absolute URI")
        }
        scheme = String(decoding: bytes[..<colon], as: UTF8.self)
        let afterScheme = bytes[(colon + 1)...]
        hasFragment = afterScheme.contains(UInt8(ascii: "#"))

        guard afterScheme.starts(with: "//".utf8) else {
            (host, port, hasUserInfo) = (nil, nil, false)
            rest = String(decoding: afterScheme, as: UTF8.self)
            try Self.refuseBrackets(afterScheme)
            return
        }
        let authorityStart = afterScheme.startIndex + 2
        let authorityEnd = bytes[authorityStart...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.endIndex
        if authorityStart == authorityEnd {
            (host, port, hasUserInfo) = ("", nil, false)
        } else {
            guard let authority = URIAuthority(bytes[authorityStart..<authorityEnd]) else {
                throw Flaw(description: "has no valid host and port")
            }
            (host, port, hasUserInfo) = (authority.host, authority.port, authority.hasUserInfo)
        }
        rest = String(decoding: bytes[authorityEnd...], as: UTF8.self)
        try Self.refuseBrackets(bytes[authorityEnd...])
    }

    /// Whether a host names the machine that the browser runs on, in the spellings that we accept.
    package var isLoopback: Bool {
        host == "127.0.0.1" || host == "[::1]" || host == "localhost"
    }

    /// For the addresses of pages and pictures: https, or http on the loopback interface; no user information.
    package var isWebAddress: Bool {
        guard let host, !host.isEmpty, !hasUserInfo else { return false }
        return scheme == "https" || (scheme == "http" && isLoopback)
    }

    /// Scheme, host and port as browsers write an `Origin` header field (RFC 6454 §6.1); nil unless http or https.
    package var origin: String? {
        guard let host, !host.isEmpty, scheme == "https" || scheme == "http" else { return nil }
        guard let port, port != (scheme == "https" ? 443 : 80) else { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port)"
    }

    private static func checkCharacters(_ bytes: [UInt8]) throws(Flaw) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = FormEncoding.hexValue(bytes[index + 1]),
                    let low = FormEncoding.hexValue(bytes[index + 2])
                else { throw Flaw(description: "holds a broken percent-escape") }
                let value = high << 4 | low
                guard value >= 0x20, value != 0x7F else { throw Flaw(description: "holds an escaped control character") }
                index += 3
            } else {
                guard FormEncoding.isUnreserved(byte) || ":/?#[]@!$&'()*+,;=".utf8.contains(byte) else {
                    throw Flaw(description: "holds a character that a URI may not hold")
                }
                index += 1
            }
        }
    }

    private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, isLetter(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || ("0"..."9").contains(Character(Unicode.Scalar($0))) || "+-.".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func refuseBrackets(_ bytes: ArraySlice<UInt8>) throws(Flaw) {
        guard !bytes.contains(UInt8(ascii: "[")), !bytes.contains(UInt8(ascii: "]")) else {
            throw Flaw(description: "holds brackets outside its host")
        }
    }
}
