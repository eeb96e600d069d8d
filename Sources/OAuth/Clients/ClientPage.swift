import Web

extension Client {
    /// How it shows itself on the pages.
    var page: PageClient {
        PageClient(
            name: displayName, logoURI: metadata.logoURI.best(), uri: metadata.clientURI.best(), policyURI: metadata.policyURI.best(),
            tosURI: metadata.tosURI.best(), isUnverified: origin == .registered)
    }

    /// For `form-action`: everything that it has registered, since its callback may redirect to another of its origins.
    var onwardTargets: [String] {
        let redirects = (metadata.redirectURIs + metadata.postLogoutRedirectURIs).map(\.contentSecurityPolicySource)
        let pages = [metadata.clientURI.best(), metadata.initiateLoginURI].compactMap(\.self)
        return PagePolicy.formTargets(redirects + pages + allowedOrigins)
    }
}
