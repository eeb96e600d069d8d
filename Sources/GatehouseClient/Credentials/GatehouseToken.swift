import FoundationEssentials

/// An access token that this service holds. It prints neither itself nor its text.
public struct GatehouseToken: Sendable {
    /// The token: a secret. ``GatehouseClient/fields(showing:method:uri:)`` says how it is shown.
    public let text: String
    /// Whether it is bound to the ``GatehouseProofKey`` of this client, and of use with proofs only (RFC 9449); otherwise a bearer's.
    public let isBound: Bool
    /// When it ends.
    public let expiresAt: Date
    /// What it may do, as the server says; empty where the server doesn't.
    public let scopes: Set<String>
    /// What it is renewed by: a secret. Only tokens of people have one, and each serves once: keep the last.
    public let refreshToken: String?

    /// For the `Authorization` field.
    var authorization: String { (isBound ? "DPoP " : "Bearer ") + text }
}

extension GatehouseToken: CustomStringConvertible, CustomReflectable {
    /// Without the text.
    public var description: String { "GatehouseToken(…)" }

    /// Nothing: reflection would print the text.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
