import FoundationEssentials

/// An access token that this service holds. It prints neither itself nor its text.
public struct GatehouseToken: Sendable {
    /// The token: a secret, for `Authorization: Bearer`.
    public let text: String
    /// When it ends.
    public let expiresAt: Date
    /// What it may do, as the server says; empty where the server doesn't.
    public let scopes: Set<String>
}

extension GatehouseToken: CustomStringConvertible, CustomReflectable {
    /// Without the text.
    public var description: String { "GatehouseToken(…)" }

    /// Nothing: reflection would print the text.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
