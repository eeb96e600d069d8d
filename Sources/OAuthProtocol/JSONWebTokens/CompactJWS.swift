/// A signed token taken apart (RFC 7515 §3.1). Nothing in it has been verified.
package struct CompactJWS: Sendable {
    package let header: JWSHeader
    package let payload: [UInt8]
    package let signature: [UInt8]
    /// The bytes that are signed: header and payload as they came, with the dot between them.
    package let signingInput: [UInt8]

    package static let bytesMax = 16_384

    /// - Throws: `tooLarge`, `malformed`, or what the header is refused for.
    package init(parsing token: String) throws(JWTRefusal) {
        guard token.utf8.count <= Self.bytesMax else { throw .tooLarge }
        let bytes = Array(token.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(utf8: parts[0]), let payload = Base64URL.decode(utf8: parts[1]),
            let signature = Base64URL.decode(utf8: parts[2])
        else { throw .malformed }
        self.header = try JWSHeader(parsing: header)
        self.payload = payload
        self.signature = signature
        signingInput = Array(bytes[..<parts[1].endIndex])
    }
}
