/// The one error type that a client sees. What happened is split in two: the public description goes out, the private reason
/// is for the log alone.
package struct OAuthError: Error, Sendable, Equatable {
    package let code: Code
    /// The `error_description`: only characters that RFC 6749 §5.2 admits, at most 300.
    package let publicDescription: String
    /// Why, in words for the operator; never sent.
    package var privateReason: String?
    /// The `WWW-Authenticate` header field, where the RFC asks for one.
    package var challenge: Challenge?
    /// The `Retry-After` header field.
    package var retryAfter: Duration?
    /// The `Accept-Signature` header field (RFC 9421 §5.1): what a signature would have to cover.
    package var acceptSignature: String?
    /// The `DPoP-Nonce` header field (RFC 9449 §8): what the next proof must carry.
    package var dpopNonce: String?

    package init(
        _ code: Code, _ description: String, reason: String? = nil, challenge: Challenge? = nil, retryAfter: Duration? = nil
    ) {
        self.code = code
        publicDescription = Self.sanitised(description)
        privateReason = reason
        self.challenge = challenge
        self.retryAfter = retryAfter
    }

    /// The HTTP status, from the table of `Code.status`. A DPoP challenge makes it 401: where tokens are shown a bad proof is no proof
    /// (RFC 9449 §7.1), where they are asked for it is a bad request (§5).
    package var status: Int {
        if case .dpop = challenge, code.status == 400, code != .invalidRequest { return 401 }
        return code.status
    }

    /// `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2). Quotation marks become apostrophes, the rest question marks: what a
    /// client sent may be named in a description, and must not break a header field or a log line.
    package static func sanitised(_ text: String) -> String {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars.prefix(300) {
            switch scalar.value {
            case 0x20, 0x21, 0x23...0x5B, 0x5D...0x7E: bytes.append(UInt8(scalar.value))
            case 0x22: bytes.append(UInt8(ascii: "'"))
            default: bytes.append(UInt8(ascii: "?"))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension OAuthError: CustomStringConvertible {
    package var description: String {
        let text = publicDescription.isEmpty ? code.rawValue : "\(code.rawValue): \(publicDescription)"
        guard let privateReason else { return text }
        return "\(text) (\(privateReason))"
    }
}
