/// `registration`: whether clients may register themselves (RFC 7591).
package struct RegistrationSettings: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        case off
        /// With an initial access token (RFC 7591 §3).
        case token
        case open
    }

    package var mode = Mode.off
    package var initialAccessTokens: [DeclaredSecret] = []
    /// Registered clients in all, so that an open door can't fill the disk.
    package var clientsMax = 10_000

    init(_ section: SettingsSection, local: Bool) {
        mode = section.read("mode", .word, default: mode)
        clientsMax = section.read("clients_max", .int(1...1_000_000), default: clientsMax)
        initialAccessTokens = section.list("initial_access_tokens", countMax: 100) { token in
            let secret = DeclaredSecret.read(token, local: local)
            if secret == nil { token.refuse("must hold env or sha256") }
            return secret
        }
        if mode == .token, initialAccessTokens.isEmpty {
            section.refuse("mode", "is token, but there are no initial_access_tokens")
        }
        if mode != .token, !initialAccessTokens.isEmpty {
            section.refuse("initial_access_tokens", "has no meaning unless mode is token")
        }
    }
}
