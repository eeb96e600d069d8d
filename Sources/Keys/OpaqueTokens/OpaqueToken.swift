import OAuthProtocol
import Runtime

/// A secret that the server made and that only its holder can show: 256 random bits in base64url, after a prefix where one is wanted.
/// It is given out once and stored as its `TokenHash`; it never prints itself.
package struct OpaqueToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// The secret itself, for the answer that hands it out.
    package let text: String

    /// What is stored in its place.
    package var hash: TokenHash { TokenHash(of: text) }

    /// - Parameter prefix: goes before the random part, so that scanners of leaked secrets recognise it.
    package static func generate(randomness: any Randomness, prefix: String = "") -> OpaqueToken {
        OpaqueToken(text: prefix + Base64URL.encode(randomness.bytes(32)))
    }

    /// A token whose text was derived rather than drawn (a refresh token's successor).
    package init(text: String) {
        self.text = text
    }

    package var description: String { "OpaqueToken(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
