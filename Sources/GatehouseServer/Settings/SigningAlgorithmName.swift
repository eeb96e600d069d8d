/// What a provider may sign with (RFC 7518 §3.1, RFC 8037 §3.1).
package enum VerificationAlgorithmName: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
    case ps256 = "PS256"
    case edDSA = "EdDSA"
}

/// The signature algorithms that settings may name, in JWA's spelling (RFC 7518 §3.1).
package enum SigningAlgorithmName: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
}
