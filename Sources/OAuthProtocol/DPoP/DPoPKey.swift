import Crypto

/// The public key that a proof brings along (RFC 9449 §4.2). Nobody vouches for it: it is worth what is bound to its thumbprint.
package struct DPoPKey: Sendable {
    private enum Material: Sendable {
        case p256(P256.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
        case rsa(VerificationKey)
    }

    /// What proofs may be signed with: never a MAC, never `none`.
    package static let algorithms = ["ES256", "EdDSA", "PS256", "RS256"]

    /// Anybody may have us verify with a key of their own, so large ones are refused: verifying costs the square of the size.
    private static let modulusBytesMax = 512
    private static let privateMembers: Set<String> = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    package let thumbprint: JWKThumbprint
    private let material: Material

    /// - Parameter algorithm: what the header says; the key must be of that kind.
    /// - Throws: `privateKey`, `unsuitableKey`.
    init(_ json: JSONValue, algorithm: String) throws(DPoPRefusal) {
        guard let members = json.object else { throw .unsuitableKey }
        guard Self.privateMembers.isDisjoint(with: members.keys) else { throw .privateKey }
        if let use = members["use"], use != "sig" { throw .unsuitableKey }
        if let bound = members["alg"], bound.string != algorithm { throw .unsuitableKey }
        switch algorithm {
        case "EdDSA":
            guard members["kty"] == "OKP", members["crv"] == "Ed25519", let x = members["x"]?.string, let bytes = Base64URL.decode(x),
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
            else { throw .unsuitableKey }
            material = .ed25519(key)
            thumbprint = JWKThumbprint(of: ["kty": "OKP", "crv": "Ed25519", "x": Base64URL.encode(bytes)])
        case "ES256", "PS256", "RS256":
            guard let jwk = try? JWK(parsing: json) else { throw .unsuitableKey }
            thumbprint = JWKThumbprint(of: jwk.requiredMembers)
            switch jwk.material {
            case .p256(let x, let y):
                guard algorithm == "ES256", let key = try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
                else { throw .unsuitableKey }
                material = .p256(key)
            case .rsa(let modulus, _):
                guard algorithm != "ES256", modulus.count <= Self.modulusBytesMax,
                    let key = try? VerificationKey(JWK(jwk.material, algorithm: algorithm))
                else { throw .unsuitableKey }
                material = .rsa(key)
            case .ed25519: throw .unsuitableKey
            }
        default:
            throw .unsuitableKey
        }
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) async -> Bool {
        switch material {
        case .p256(let key):
            // r ‖ s, never DER (RFC 7518 §3.4).
            guard signature.count == 64, let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: message)
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(signature, for: message)
        case .rsa(let key):
            return await key.isValid(signature, for: message)
        }
    }
}
