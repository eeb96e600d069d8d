/// Why a DPoP proof proves nothing: the reasons of the audit log. Whoever sent it learns `invalid_dpop_proof` or `use_dpop_nonce`, no more.
package enum DPoPRefusal: String, Error, Sendable, CaseIterable {
    /// There is none where one is needed.
    case missing
    /// More than one field.
    case repeated
    case tooLarge = "too_large"
    /// Not three parts of base64url with JSON objects inside, or with extensions that must be understood.
    case malformed
    case wrongType = "wrong_type"
    /// `none`, a MAC, or one that we don't know.
    case wrongAlgorithm = "wrong_algorithm"
    /// No public key of a kind that we know, or one for another algorithm.
    case unsuitableKey = "unsuitable_key"
    /// The proof gives its private key away.
    case privateKey = "private_key"
    case signatureMismatch = "signature_mismatch"
    /// A claim that is missing, of another type, or too long.
    case wrongClaim = "wrong_claim"
    case wrongMethod = "wrong_method"
    case wrongTarget = "wrong_target"
    case stale
    case future
    /// Made for another access token (`ath`).
    case wrongToken = "wrong_token"
    /// Of another key than the token is bound to.
    case wrongKey = "wrong_key"
    case missingNonce = "missing_nonce"
    case wrongNonce = "wrong_nonce"
    case replayed
    /// Made before the replay store began to remember.
    case beforeRecovery = "before_recovery"
}
