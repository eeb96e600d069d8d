import Guard

/// `limits`: how often somebody may try.
///
/// In local mode everybody is on this machine: what guards no secret is as good as unlimited there.
package struct LimitsSettings: Sendable {
    package private(set) var policies = RateLimitPolicies()

    init(_ section: SettingsSection, local: Bool) {
        func read(_ key: String, _ limit: WritableKeyPath<RateLimitPolicies, AttemptLimit>, isGuarding: Bool = false) {
            if local, !isGuarding { policies[keyPath: limit] = Self.plenty }
            policies[keyPath: limit] = Self.rate(section, key, default: policies[keyPath: limit])
        }
        read("sign_in_per_account", \.signInPerAccount, isGuarding: true)
        read("sign_in_per_device", \.signInPerDevice, isGuarding: true)
        read("sign_in_per_address", \.signInPerAddress, isGuarding: true)
        read("client_guesses_per_client", \.clientGuessesPerClient, isGuarding: true)
        read("client_guesses_per_address", \.clientGuessesPerAddress, isGuarding: true)
        read("authorization_per_address", \.authorizationPerAddress, isGuarding: true)
        read("registration_per_address", \.registrationPerAddress, isGuarding: true)
        read("token_per_client", \.tokenPerClient)
        read("token_per_address", \.tokenPerAddress)
        read("introspection_per_caller", \.introspectionPerCaller)
        read("verification_per_caller", \.verificationPerCaller)
        read("user_info_per_user", \.userInfoPerUser)
        read("default_per_address", \.defaultPerAddress)
    }

    static let plenty = AttemptLimit(burst: 1_000_000, perMinute: 10_000_000)

    private static func rate(_ section: SettingsSection, _ key: String, default fallback: AttemptLimit) -> AttemptLimit {
        section.section(key) { section in
            AttemptLimit(
                burst: section.read("burst", .int(1...1_000_000), default: fallback.burst),
                perMinute: Double(section.read("per_minute", .int(1...10_000_000), default: Int(fallback.perMinute))))
        }
    }
}
