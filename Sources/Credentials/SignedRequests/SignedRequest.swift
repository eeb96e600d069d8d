import OAuthProtocol

/// A request whose signature held, under a key that is worth something, for the first time.
package struct SignedRequest: Sendable {
    package let key: SignatureKey
    package let signature: VerifiedSignature
}
