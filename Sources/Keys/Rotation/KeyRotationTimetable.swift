import Runtime

/// How long the stages of a signing key's life last.
package struct KeyRotationTimetable: Sendable, Equatable {
    /// How long a key is in the JWKS before it signs. Longer than any cache of the JWKS (max-age 1 h) and any node's clock is off.
    package var announcement: Duration = .hours(24)
    /// How long a key signs.
    package var signing: Duration = .days(90)
    /// The longest life of a token that is signed; settings that allow longer ones must raise it.
    package var tokenLifetimeMax: Duration = .hours(24)
    /// How long a key stays in the JWKS after the last token it signed has expired.
    package var publishedAfter: Duration = .hours(24)
    /// How long a session can last: an expired ID token of that age is still good as an `id_token_hint`
    /// (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
    package var sessionLifetimeMax: Duration = .days(90)

    package init() {}
}
