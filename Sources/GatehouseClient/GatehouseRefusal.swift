import OAuthProtocol

/// Why a credential proves nothing. For the log and for metrics: whoever presented it is told no more than that it doesn't.
public enum GatehouseRefusal: String, Error, Sendable, CaseIterable {
    // Any credential
    /// Not of the form at all.
    case malformed
    /// Larger than anything that the server issues.
    case tooLarge = "too_large"
    /// Its end has come.
    case expired
    /// Its beginning, or its signing, lies ahead of our clock.
    case notYetValid = "not_yet_valid"
    /// The server says that it proves nothing: unknown, revoked, expired, or none of this service's business.
    case inactive
    /// Its signature doesn't hold.
    case signatureMismatch = "signature_mismatch"
    /// No key has the id that it names.
    case unknownKey = "unknown_key"
    /// An algorithm that is not on the list – `none` among them – or not that of the key.
    case wrongAlgorithm = "wrong_algorithm"

    // Access tokens
    /// Another kind of token: an ID token is no access token (RFC 8725 §3.11).
    case wrongType = "wrong_type"
    /// From another issuer.
    case wrongIssuer = "wrong_issuer"
    /// For another service (RFC 9068 §4).
    case wrongAudience = "wrong_audience"
    /// A claim that must be there isn't, or isn't what it should be (RFC 9068 §2.2).
    case wrongClaim = "wrong_claim"
    /// Bound to a certificate that was not presented, or in a way that this library can't check (RFC 8705 §3, RFC 7800 §3).
    case wrongBinding = "wrong_binding"

    /// The DPoP proof is missing, of another request, token or key, or not signed by its own (RFC 9449 §4.3).
    case wrongProof = "wrong_proof"

    // API keys
    /// Mistyped or truncated: the checksum says so, and nobody was asked.
    case checksum
    /// Of a kind that this service doesn't accept.
    case wrongKind = "wrong_kind"

    // Signed messages (RFC 9421)
    /// There is no signature, or none that is meant for us.
    case noSignature = "no_signature"
    /// It doesn't cover or say what it must: method, target, digest of the body, `created`, `keyid`, `nonce`.
    case incompleteSignature = "incomplete_signature"
    /// Signed too long ago.
    case stale
    /// The body is not the one that was signed (RFC 9530).
    case digestMismatch = "digest_mismatch"
    /// Seen before.
    case replayed
}

extension GatehouseRefusal {
    init(_ refusal: JWTRefusal) {
        self =
            switch refusal {
            case .tooLarge: .tooLarge
            case .malformed, .criticalExtension, .unencodedPayload: .malformed
            case .algorithmNotAllowed, .unsuitableKey: .wrongAlgorithm
            case .typeNotAllowed: .wrongType
            case .unknownKey: .unknownKey
            case .signatureMismatch: .signatureMismatch
            case .missingClaim("aud"), .malformedClaim("aud"), .wrongAudience: .wrongAudience
            case .missingClaim, .malformedClaim: .wrongClaim
            case .expired: .expired
            case .notYetValid: .notYetValid
            case .wrongIssuer: .wrongIssuer
            }
    }

    init(_ refusal: DPoPRefusal) {
        self =
            switch refusal {
            case .tooLarge: .tooLarge
            case .stale, .beforeRecovery: .stale
            case .future: .notYetValid
            case .replayed: .replayed
            case .wrongKey: .wrongBinding
            default: .wrongProof
            }
    }

    init(_ refusal: MessageSignatureRefusal) {
        self =
            switch refusal {
            case .noSignature, .wrongTag: .noSignature
            case .missingComponent, .missingParameter, .malformedParameter, .unresolvedComponent: .incompleteSignature
            case .stale: .stale
            case .future: .notYetValid
            case .expired: .expired
            case .unknownAlgorithm, .algorithmMismatch: .wrongAlgorithm
            case .unknownKey, .unsuitableKey: .unknownKey
            case .signatureMismatch: .signatureMismatch
            case .noKnownDigest, .digestMismatch: .digestMismatch
            case .fieldTooLarge, .componentTooLarge, .tooManyFields, .tooManySignatures, .tooManyComponents, .tooManyParameters: .tooLarge
            default: .malformed
            }
    }
}
