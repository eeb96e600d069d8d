/// Why a token was not accepted. For logs and tests: clients learn no more than `invalid_token` or `invalid_request`.
package enum JWTRefusal: Error, Sendable, Equatable {
    case tooLarge
    /// Not three parts of canonical base64url with JSON objects inside.
    case malformed
    /// `alg` is absent, or not on the list.
    case algorithmNotAllowed
    /// `typ` is absent where it is demanded, or another: an ID token is not an access token (RFC 8725 §3.11).
    case typeNotAllowed
    /// `crit` names extensions, of which we know none (RFC 7515 §4.1.11).
    case criticalExtension
    /// `b64` (RFC 7797): the payload isn't base64url.
    case unencodedPayload
    /// No key of ours has this `kid`.
    case unknownKey
    /// The key is for another algorithm, or isn't a usable key at all.
    case unsuitableKey
    case signatureMismatch
    /// A claim that must be there isn't.
    case missingClaim(String)
    /// A claim of the wrong kind, or a time that can't be one.
    case malformedClaim(String)
    case expired
    case notYetValid
    case wrongIssuer
    case wrongAudience
}
