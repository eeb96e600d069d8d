/// The signature algorithms that we accept, by their registered names (RFC 9421 §3.3, §6.2).
package enum MessageSignatureAlgorithm: String, Sendable, CaseIterable {
    case hmacSHA256 = "hmac-sha256"
    case ecdsaP256SHA256 = "ecdsa-p256-sha256"
    case ed25519 = "ed25519"
}
