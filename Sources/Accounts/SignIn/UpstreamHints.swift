/// What an application asked of a sign-in, as far as a provider of others can do something about it.
package struct UpstreamHints: Sendable, Equatable {
    /// `login` or `select_account` (OpenID Connect Core §3.1.2.1).
    package var prompt: String?
    /// The domain of the person's organisation (`domain_hint`).
    package var domainHint: String?

    package init(prompt: String? = nil, domainHint: String? = nil) {
        self.prompt = prompt
        self.domainHint = domainHint
    }
}
