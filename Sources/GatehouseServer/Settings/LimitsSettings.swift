/// `limits`: how often somebody may try.
package struct LimitsSettings: Sendable {
    /// A bucket of `burst` attempts that refills by `perMinute`.
    package struct Rate: Sendable, Equatable {
        package var burst: Int
        package var perMinute: Int

        package init(burst: Int, perMinute: Int) {
            self.burst = burst
            self.perMinute = perMinute
        }
    }

    package var signInPerAccount = Rate(burst: 10, perMinute: 2)
    package var signInPerAddress = Rate(burst: 50, perMinute: 20)
    /// Authorization requests and sign-in pages that wait for a person.
    package var authorizationPerAddress = Rate(burst: 200, perMinute: 120)
    package var registrationPerAddress = Rate(burst: 10, perMinute: 2)

    init(_ section: SettingsSection) {
        signInPerAccount = Self.rate(section, "sign_in_per_account", default: signInPerAccount)
        signInPerAddress = Self.rate(section, "sign_in_per_address", default: signInPerAddress)
        authorizationPerAddress = Self.rate(section, "authorization_per_address", default: authorizationPerAddress)
        registrationPerAddress = Self.rate(section, "registration_per_address", default: registrationPerAddress)
    }

    private static func rate(_ section: SettingsSection, _ key: String, default fallback: Rate) -> Rate {
        section.section(key) { section in
            Rate(
                burst: section.read("burst", .int(1...1_000_000), default: fallback.burst),
                perMinute: section.read("per_minute", .int(1...1_000_000), default: fallback.perMinute))
        }
    }
}
