/// The signature algorithms that settings may name, in JWA's spelling (RFC 7518 §3.1).
package enum SigningAlgorithmName: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
}
