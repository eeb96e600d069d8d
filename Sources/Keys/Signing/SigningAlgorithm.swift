import Dispatch

/// The algorithms that tokens are signed under, with their names in JWS (RFC 7518 §3.1). The rest of an algorithm is in its own folder.
package enum SigningAlgorithm: String, Sendable, CaseIterable, Hashable {
    /// ECDSA on P-256: the default of access tokens.
    case es256 = "ES256"
    /// RSA with PKCS#1 v1.5: the default of ID tokens (OpenID Connect Core §2).
    case rs256 = "RS256"

    /// What signs under this algorithm.
    var privateKeyType: any SigningPrivateKey.Type {
        switch self {
        case .es256: ES256PrivateKey.self
        case .rs256: RS256PrivateKey.self
        }
    }
}

extension SigningAlgorithm {
    /// Makes a key on a thread of Dispatch's: RSA takes up to a second, for which Swift's few threads must not stand still.
    func generateAside() async throws -> any SigningPrivateKey {
        let type = privateKeyType
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(with: Result { try type.generate() as any SigningPrivateKey })
            }
        }
    }
}
