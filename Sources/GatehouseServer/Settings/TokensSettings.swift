/// `tokens`: lifetimes, and the algorithm of access tokens. A client may shorten or lengthen its access tokens.
package struct TokensSettings: Sendable {
    package static let accessRange: ClosedRange<Duration> = .minutes(1) ... .hours(24)

    package var access: Duration = .hours(1)
    package var accessAlgorithm = SigningAlgorithmName.es256
    package var id: Duration = .hours(1)
    /// RFC 6749 §4.1.2 advises ten minutes at most.
    package var code: Duration = .seconds(60)
    /// From one refresh to the next.
    package var refresh: Duration = .days(7)
    /// From the sign-in, however often it is refreshed.
    package var refreshAbsolute: Duration = .days(90)
    /// How long a rotated refresh token still returns its successor.
    package var grace: Duration = .seconds(30)
    /// Whether DPoP proofs must carry a nonce of the server's.
    package var dpopNonces = false

    init(_ section: SettingsSection) {
        access = section.read("access", .duration(Self.accessRange), default: access)
        accessAlgorithm = section.read("access_algorithm", .word, default: accessAlgorithm)
        id = section.read("id", .duration(.minutes(1) ... .hours(24)), default: id)
        code = section.read("code", .duration(.seconds(10) ... .minutes(10)), default: code)
        refresh = section.read("refresh", .duration(.minutes(5) ... .days(365)), default: refresh)
        refreshAbsolute = section.read("refresh_absolute", .duration(.minutes(5) ... .days(3_650)), default: refreshAbsolute)
        grace = section.read("grace", .duration(.zero ... .minutes(5)), default: grace)
        dpopNonces = section.read("dpop_nonces", .bool, default: dpopNonces)
        if refresh > refreshAbsolute { section.refuse("refresh", "must not be longer than tokens.refresh_absolute") }
    }
}
