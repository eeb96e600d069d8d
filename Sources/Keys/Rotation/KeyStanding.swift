/// Where a signing key is in its life.
package enum KeyStanding: String, Sendable {
    /// In the JWKS, not signing yet.
    case announced
    case signing
    /// In the JWKS for the tokens it signed, signing no more.
    case retired
    /// Out of the JWKS; verifies `id_token_hint` only.
    case kept
    /// Compromised: good for nothing.
    case withdrawn
    /// No use is left; erased at the next turn.
    case expired

    /// Whether it belongs in the JWKS.
    package var isPublished: Bool { self == .announced || self == .signing || self == .retired }
}
