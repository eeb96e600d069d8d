import Crypto

/// A `code_challenge` of the method S256, the only one offered (RFC 7636 §4.2, RFC 9700 §2.1.1).
package struct CodeChallenge: Sendable, Hashable {
    /// The base64url text of the SHA-256 digest.
    package let text: String

    /// - Throws: `invalid_request` for anything but the 43 letters that 32 bytes become.
    package init(s256 text: String) throws(OAuthError) {
        guard text.utf8.count == 43, Base64URL.decode(text)?.count == 32 else {
            throw .invalidRequest("The code_challenge is not the base64url of a SHA-256 digest.")
        }
        self.text = text
    }

    /// The challenge of a verifier, as a client makes it.
    package init(verifier: String) throws(OAuthError) {
        guard Self.isVerifier(verifier) else { throw .invalidRequest("The code_verifier is not 43 to 128 unreserved characters.") }
        text = Base64URL.encode(SHA256.hash(data: Array(verifier.utf8)))
    }

    /// Whether `verifier` is well formed and was the source of this challenge (RFC 7636 §4.6), in constant time.
    package func matches(verifier: String) -> Bool {
        guard let other = try? CodeChallenge(verifier: verifier) else { return false }
        return ConstantTime.equal(other.text, text)
    }

    /// `43*128unreserved` (RFC 7636 §4.1).
    package static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count) && text.utf8.allSatisfy(FormEncoding.isUnreserved)
    }
}
