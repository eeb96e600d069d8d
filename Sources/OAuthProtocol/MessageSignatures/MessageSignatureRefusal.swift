/// Why a message's signature was not accepted. For audit and tests: callers learn no more than that it wasn't.
///
/// Names in the cases come from the message; the readers bound their length and let only printable ASCII through.
package enum MessageSignatureRefusal: Error, Sendable, Equatable {
    // The message itself
    case malformedMethod
    case malformedTarget
    case tooManyFields

    // Reading the fields
    case noSignature
    /// `signature-input`, `signature` or `content-digest` isn't the structured field that it must be.
    case malformedField(String)
    case fieldTooLarge(String)
    case tooManySignatures
    case tooManyComponents
    case tooManyParameters
    case duplicateLabel(String)
    case duplicateParameter(String)
    /// The label stands in one of the two fields only (RFC 9421 §4.2).
    case unpairedLabel(String)

    // Components
    case malformedComponent(String)
    case duplicateComponent(String)
    /// A derived component that we don't know, or that the message's kind hasn't got.
    case unknownComponent(String)
    case unsupportedParameter(component: String, parameter: String)
    /// Covered, but not in the message, or there more often than once where that is ambiguous.
    case unresolvedComponent(String)
    /// A value with a line break, or with bytes that a signature base can't hold.
    case unsafeComponent(String)
    case componentTooLarge(String)

    // Policy
    case missingComponent(String)
    case missingParameter(String)
    case malformedParameter(String)
    case wrongTag
    /// `created` is longer ago than the policy allows.
    case stale
    /// `created` lies ahead of our clock by more than clocks differ.
    case future
    /// `expires` has come.
    case expired

    // Key and signature
    case unknownAlgorithm(String)
    /// `alg` names another algorithm than the key's.
    case algorithmMismatch
    case unknownKey
    case unsuitableKey
    case signatureMismatch

    // Content-Digest
    /// No algorithm in `Content-Digest` that we trust.
    case noKnownDigest
    case digestMismatch

    /// A short fixed word for audit and metrics, without anything from the message.
    package var code: String {
        switch self {
        case .malformedMethod, .malformedTarget, .tooManyFields: "malformed_message"
        case .noSignature: "no_signature"
        case .malformedField, .duplicateParameter, .unpairedLabel: "malformed_signature"
        case .fieldTooLarge, .componentTooLarge: "too_large"
        case .tooManySignatures: "too_many_signatures"
        case .tooManyComponents: "too_many_components"
        case .tooManyParameters: "too_many_parameters"
        case .duplicateLabel: "duplicate_label"
        case .malformedComponent, .duplicateComponent, .unknownComponent, .unsupportedParameter: "malformed_component"
        case .unresolvedComponent, .unsafeComponent: "unresolved_component"
        case .missingComponent: "missing_component"
        case .missingParameter, .malformedParameter: "missing_parameter"
        case .wrongTag: "wrong_tag"
        case .stale: "stale"
        case .future: "future"
        case .expired: "expired"
        case .unknownAlgorithm, .algorithmMismatch: "wrong_algorithm"
        case .unknownKey, .unsuitableKey: "unknown_key"
        case .signatureMismatch: "bad_signature"
        case .noKnownDigest: "no_known_digest"
        case .digestMismatch: "wrong_digest"
        }
    }
}

extension MessageSignatureRefusal {
    /// What the reader of structured fields said, in the words of the field that it read.
    init(_ error: StructuredFieldError, in field: String) {
        switch error {
        case .malformed: self = .malformedField(field)
        case .tooLarge: self = .fieldTooLarge(field)
        case .tooManyMembers: self = .tooManySignatures
        case .tooManyItems: self = .tooManyComponents
        case .tooManyParameters: self = .tooManyParameters
        case .duplicateKey(let key): self = .duplicateLabel(key)
        case .duplicateParameter(let key): self = .duplicateParameter(key)
        }
    }
}
