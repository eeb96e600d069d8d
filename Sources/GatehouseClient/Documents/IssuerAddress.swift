import OAuthProtocol

/// The issuer, and where this process reaches it.
struct IssuerAddress: Sendable {
    /// Exactly as tokens name it.
    let issuer: String
    private let address: String

    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    init(issuer: String, address: String?) throws(GatehouseError) {
        self.issuer = issuer
        self.address = address ?? issuer
        guard Self.isAcceptable(issuer), !issuer.hasSuffix("/") else {
            throw .misconfigured("the issuer must be an https address without a trailing slash (http on the loopback interface only)")
        }
        guard Self.isAcceptable(self.address), !self.address.hasSuffix("/") else {
            throw .misconfigured("the address must be https without a trailing slash (http on the loopback interface only)")
        }
    }

    /// Where to find something below the issuer.
    func uri(_ path: String) -> String { address + path }

    /// Where to find what the issuer's documents name.
    /// - Throws: ``GatehouseError/unavailable(_:)`` for anything that isn't https.
    func uri(named text: String) throws(GatehouseError) -> String {
        guard Self.isAcceptable(text) else { throw .unavailable("discovery names an address that is not https") }
        guard text.hasPrefix(issuer + "/") else { return text }
        return address + text.dropFirst(issuer.count)
    }

    /// What the issuer itself calls an address of ours.
    func published(_ uri: String) -> String {
        guard uri.hasPrefix(address + "/") else { return uri }
        return issuer + uri.dropFirst(address.count)
    }

    private static func isAcceptable(_ text: String) -> Bool {
        guard let uri = try? AbsoluteURI(parsing: text) else { return false }
        return uri.isWebAddress && !uri.hasFragment
    }
}
