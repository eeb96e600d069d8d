/// The request that a proof must be about (RFC 9449 §4.3): its method, and its address without query and fragment.
package struct DPoPTarget: Sendable {
    package static let addressBytesMax = 8_192

    package let method: String
    /// Every address that it may have been sent to, normalised.
    private let addresses: [String]

    /// - Parameters:
    ///   - origins: scheme, host and port under which the request may have been sent.
    ///   - requestTarget: path and query, as sent.
    package init(method: String, origins: [String], requestTarget: String) {
        self.method = method
        let path = String(requestTarget.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }) ?? ""
        addresses = origins.compactMap { Self.normalised($0 + path) }
    }

    /// Whether `htu` is this address, "ignoring any query and fragment parts".
    func isMeant(by htu: String) -> Bool {
        guard let htu = Self.normalised(htu) else { return false }
        return addresses.contains { $0.utf8.elementsEqual(htu.utf8) }
    }

    /// Syntax-based and scheme-based normalisation (RFC 3986 §6.2.2, §6.2.3), as RFC 9449 §4.3 advises.
    /// - Returns: nil for anything but an http or https address of one reading.
    static func normalised(_ text: String) -> String? {
        guard text.utf8.count <= addressBytesMax else { return nil }
        let scheme = text.prefix { $0 != ":" }
        guard let uri = try? AbsoluteURI(parsing: scheme.lowercased() + text.dropFirst(scheme.count), bytesMax: addressBytesMax),
            let origin = uri.origin, !uri.hasUserInfo
        else { return nil }
        let path = uri.rest.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return origin + withoutDotSegments(withCanonicalEscapes(Array(path)))
    }

    /// Escapes in upper case, and none of what needs no escape.
    private static func withCanonicalEscapes(_ path: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            guard path[index] == UInt8(ascii: "%"), index + 2 < path.count, let high = FormEncoding.hexValue(path[index + 1]),
                let low = FormEncoding.hexValue(path[index + 2])
            else {
                bytes.append(path[index])
                index += 1
                continue
            }
            let byte = high << 4 | low
            if FormEncoding.isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(high)], digits[Int(low)]]
            }
            index += 3
        }
        return bytes
    }

    /// RFC 3986 §5.2.4; an empty path is `/`.
    private static func withoutDotSegments(_ path: [UInt8]) -> String {
        var segments: [ArraySlice<UInt8>] = []
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            switch String(decoding: part, as: UTF8.self) {
            case ".": if isLast { segments.append([]) }
            case "..":
                _ = segments.popLast()
                if isLast { segments.append([]) }
            default: segments.append(part)
            }
        }
        return "/" + String(decoding: Array(segments.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self)
    }
}
