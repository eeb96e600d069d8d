import FoundationEssentials

/// Whoever calls a service, however they proved who they are.
public struct GatehouseCaller: Sendable, Equatable {
    /// How it was proven.
    public enum Proof: String, Sendable, CaseIterable {
        /// An access token, validated by the published keys or by introspection (RFC 9068, RFC 7662).
        case accessToken = "access_token"
        /// An API key (`gh_live_…`).
        case apiKey = "api_key"
        /// A signature over the request (RFC 9421).
        case signature
    }

    /// What the subject is.
    public enum Kind: String, Sendable {
        /// A person, who signed in or owns the key.
        case person
        /// A client that acts in its own name.
        case client
    }

    /// How it was proven.
    public var proof: Proof
    /// Whether ``subject`` is a person or a client.
    public var kind: Kind
    /// The person's id, or the client's. Never empty.
    public var subject: String
    /// The client through which it acts; nil where a person's own API key or signature does.
    public var clientID: String?
    /// What it may do, as granted; see ``require(_:)``.
    public var scopes: Set<String>
    /// The roles of the person or client at the server.
    public var roles: Set<String>
    /// The services that the credential is for; empty where it isn't narrowed.
    public var audiences: [String]
    /// When the credential ends; nil where it has no end.
    public var expiresAt: Date?
    /// Names the credential in logs: a token's `jti`, a key's id. Not a secret.
    public var credentialID: String?

    /// A caller made by hand, for a service's own tests and for keys that it trusts by itself.
    public init(
        proof: Proof, kind: Kind, subject: String, clientID: String? = nil, scopes: Set<String> = [], roles: Set<String> = [],
        audiences: [String] = [], expiresAt: Date? = nil, credentialID: String? = nil
    ) {
        self.proof = proof
        self.kind = kind
        self.subject = subject
        self.clientID = clientID
        self.scopes = scopes
        self.roles = roles
        self.audiences = audiences
        self.expiresAt = expiresAt
        self.credentialID = credentialID
    }

    /// Whether it holds all of these scopes.
    public func holds(_ scopes: [String]) -> Bool {
        scopes.allSatisfy(self.scopes.contains)
    }

    /// Demands all of these scopes.
    /// - Throws: ``GatehouseError/insufficientScope(required:)``.
    public func require(_ scopes: String...) throws(GatehouseError) {
        try require(scopes)
    }

    /// Demands all of these scopes.
    /// - Throws: ``GatehouseError/insufficientScope(required:)``.
    public func require(_ scopes: [String]) throws(GatehouseError) {
        guard holds(scopes) else { throw .insufficientScope(required: scopes) }
    }
}
