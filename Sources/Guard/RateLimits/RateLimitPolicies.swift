/// Every limit of a deployment, with its defaults (docs/settings.md `limits`).
package struct RateLimitPolicies: Sendable, Equatable {
    package var signInPerAccount = AttemptLimit(burst: 10, perMinute: 2)
    /// A browser in which the account has signed in before.
    package var signInPerDevice = AttemptLimit(burst: 10, perMinute: 2)
    package var signInPerAddress = AttemptLimit(burst: 50, perMinute: 20)
    /// Wrong client secrets, by the client that is claimed and the address.
    package var clientGuessesPerClient = AttemptLimit(burst: 10, perMinute: 6)
    package var clientGuessesPerAddress = AttemptLimit(burst: 100, perMinute: 60)
    /// Authorization requests and sign-in pages that wait for a person.
    package var authorizationPerAddress = AttemptLimit(burst: 200, perMinute: 120)
    package var registrationPerAddress = AttemptLimit(burst: 10, perMinute: 2)
    package var tokenPerClient = AttemptLimit(burst: 2_000, perMinute: 12_000)
    package var tokenPerAddress = AttemptLimit(burst: 2_000, perMinute: 12_000)
    package var introspectionPerCaller = AttemptLimit(burst: 6_000, perMinute: 60_000)
    package var verificationPerCaller = AttemptLimit(burst: 6_000, perMinute: 60_000)
    package var userInfoPerUser = AttemptLimit(burst: 300, perMinute: 600)
    /// Everything that has no limit by address of its own.
    package var defaultPerAddress = AttemptLimit(burst: 6_000, perMinute: 60_000)

    package init() {}
}
