/// A client's identifier and secret from `Authorization: Basic` (RFC 6749 §2.3.1, RFC 7617).
package struct BasicCredentials: Sendable {
    package let clientID: String
    package let clientSecret: String

    package static let bytesMax = 2_048

    /// - Returns: nil where the header field is of another scheme.
    /// - Throws: `invalid_client` with a Basic challenge where it can't be read.
    package init?(authorization field: String) throws(OAuthError) {
        guard let credentials = AuthorizationHeader.credentials(field, scheme: "Basic") else { return nil }
        guard credentials.utf8.count <= Self.bytesMax, let decoded = Self.decodeBase64(credentials.utf8),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { throw Self.refusal }
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined, so that either may hold a colon.
        clientID = try Self.part(decoded[..<colon])
        clientSecret = try Self.part(decoded[(colon + 1)...])
        guard !clientID.isEmpty else { throw Self.refusal }
    }

    /// As a client makes them.
    package static func headerValue(clientID: String, clientSecret: String) -> String {
        var pair: [UInt8] = []
        FormEncoding.encode(clientID, into: &pair)
        pair.append(UInt8(ascii: ":"))
        FormEncoding.encode(clientSecret, into: &pair)
        let text = Base64URL.encode(pair).utf8.map { letter in
            switch letter {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: letter
            }
        }
        return "Basic " + String(decoding: text, as: UTF8.self) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    private static var refusal: OAuthError {
        .invalidClient("The Authorization header field holds no valid Basic credentials.", challenge: .basic())
    }

    private static func part(_ bytes: ArraySlice<UInt8>) throws(OAuthError) -> String {
        // Nearly always there is nothing to decode.
        if bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") }) {
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let decoded = FormEncoding.decode(bytes), let text = String(validating: decoded, as: UTF8.self),
            !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw refusal }
        return text
    }

    /// Base64 of RFC 4648 §4 through our strict reader: the padding may be left out, but not be wrong.
    private static func decodeBase64(_ text: Substring.UTF8View) -> [UInt8]? {
        if let bytes = text.withContiguousStorageIfAvailable(decodeBase64) { return bytes }
        return Array(text).withUnsafeBufferPointer(decodeBase64)
    }

    private static func decodeBase64(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let paddingCount = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard paddingCount == 0 || (paddingCount <= 2 && text.count % 4 == 0) else { return nil }
        return Base64Alphabet.standard.decode(UnsafeBufferPointer(rebasing: text[..<(text.count - paddingCount)]))
    }
}

extension BasicCredentials: CustomStringConvertible {
    package var description: String { "BasicCredentials(\(OAuthError.sanitised(clientID)), …)" }
}
