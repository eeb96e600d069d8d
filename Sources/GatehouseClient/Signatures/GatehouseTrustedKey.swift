/// A key that a service trusts by itself, and what whoever signs with it may do.
public struct GatehouseTrustedKey: Sendable {
    /// Checks the signature.
    public var key: GatehouseVerificationKey
    /// Whoever holds the key.
    public var subject: String
    /// What the subject is.
    public var kind: GatehouseCaller.Kind
    /// What it may do.
    public var scopes: Set<String>
    /// Its roles.
    public var roles: Set<String>

    /// Trusts a key.
    public init(
        _ key: GatehouseVerificationKey, subject: String, kind: GatehouseCaller.Kind = .client, scopes: Set<String> = [],
        roles: Set<String> = []
    ) {
        self.key = key
        self.subject = subject
        self.kind = kind
        self.scopes = scopes
        self.roles = roles
    }
}
