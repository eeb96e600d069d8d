import Web

extension Client {
    /// How it shows itself on the pages.
    var page: PageClient {
        PageClient(
            name: displayName, logoURI: metadata.logoURI.best(), uri: metadata.clientURI.best(), policyURI: metadata.policyURI.best(),
            tosURI: metadata.tosURI.best(), isUnverified: origin == .registered)
    }
}
