import Credentials
import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// Who may manage which credentials, and what is asked of a new one: the same for API keys and signature keys.
///
/// The scope `keys` manages one's own, `keys:admin` everybody's. A credential never gets a scope that its maker does not hold.
package struct CredentialManagement: Sendable {
    package static let scope = "keys"
    package static let adminScope = "keys:admin"
    /// The members of a body that say what a new credential is to be.
    static let termNames: Set<String> = ["name", "scope", "audiences", "networks", "rate_limit", "expires_in", "user", "client"]
    static let pageCountMax = 100

    private let callers: CallerAuthentication
    private let rights: APIKeyRights

    package init(callers: CallerAuthentication, rights: APIKeyRights) {
        self.callers = callers
        self.rights = rights
    }

    /// - Throws: `insufficient_scope`, and as ``CallerAuthentication``.
    func require(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> Caller {
        let caller = try await callers.require(&request, context, now: now)
        try caller.require(anyOf: Self.scope, Self.adminScope)
        return caller
    }

    /// The key that the path names, for somebody who may manage it.
    /// - Throws: `not_found` for a key that does not exist as for one of somebody else.
    func requireKey<Key>(
        _ request: inout Request, _ context: GatehouseContext, now: Date, credential: (Key) -> Credential,
        find: (_ id: String) async throws -> Key?
    ) async throws -> (key: Key, caller: Caller) {
        let caller = try await require(&request, context, now: now)
        let key = try await find(try keyID(context))
        try requireRight(caller, over: key.map(credential))
        guard let key else { throw OAuthError.notFound() }
        return (key, caller)
    }

    /// A page of the keys that the caller may see.
    /// - Parameter load: one page, from behind the id `after`.
    func list<Key>(
        _ request: Request, _ context: GatehouseContext, path: String, now: Date, id: (Key) -> String, json: (Key) -> JSONValue,
        load: (_ owner: CredentialOwner?, _ after: String) async throws -> [Key]
    ) async throws -> Response {
        var request = request
        let caller = try await require(&request, context, now: now)
        let after = try Form.query(request).optional("after", bytesMax: 64) ?? ""
        return page(try await load(try visibleOwner(caller), after), path: path, id: id, json)
    }

    func isAdmin(_ caller: Caller) -> Bool { caller.scopes.contains(Self.adminScope) }

    /// The id in the path.
    /// - Throws: `not_found` for what can't be one.
    private func keyID(_ context: GatehouseContext) throws(OAuthError) -> String {
        guard let id = context.parameters.get("key_id"), id.utf8.count <= 64 else { throw .notFound() }
        return id
    }

    /// - Throws: `not_found` for one of somebody else as for one that does not exist.
    private func requireRight(_ caller: Caller, over credential: Credential?) throws(OAuthError) {
        guard let credential, try owner(caller) == credential.terms.owner || isAdmin(caller) else { throw .notFound() }
    }

    /// Whose credentials a caller sees; nil: everybody's.
    private func visibleOwner(_ caller: Caller) throws(OAuthError) -> CredentialOwner? {
        isAdmin(caller) ? nil : try owner(caller)
    }

    /// - Throws: `invalid_request`, `invalid_scope`, `insufficient_scope`.
    func terms(_ form: JSONForm, _ caller: Caller, kind: APIKeyText.Kind = .live, now: Date) throws -> CredentialTerms {
        let scopes = try form.scopes("scope") ?? []
        try rights.check(scopes, kind: kind, held: caller.scopes, isAdmin: isAdmin(caller))
        var terms = CredentialTerms(
            owner: try owner(form, caller), name: try form.requiredText("name", bytesMax: 200), scopes: scopes)
        terms.audiences = try form.texts("audiences", countMax: 20)
        terms.networks = try form.networks("networks")
        terms.limit = try form.limit("rate_limit")
        terms.expiresAt = try form.number("expires_in", in: 1...315_360_000).map { now + .seconds($0) }
        return terms
    }

    /// For how long what a rotation replaces works on.
    func overlap(_ form: JSONForm) throws(OAuthError) -> Duration {
        .seconds(try form.number("overlap", in: 0...2_592_000) ?? 86_400)
    }

    /// One page: `{"keys": […], "next": "…"}`.
    private func page<Key>(_ keys: [Key], path: String, id: (Key) -> String, _ json: (Key) -> JSONValue) -> Response {
        var writer = JSONWriter()
        writer.object { writer in
            writer.array("keys") { writer in
                for key in keys { writer.value(json(key)) }
            }
            if keys.count == Self.pageCountMax, let last = keys.last { writer.field("next", "\(path)?after=\(id(last))") }
        }
        return Reply.json(writer.bytes)
    }

    /// The person where there is one, else the client.
    private func owner(_ caller: Caller) throws(OAuthError) -> CredentialOwner {
        if let userID = caller.userID { return .user(userID) }
        guard let clientID = caller.clientID else { throw .invalidToken(reason: "a caller without user and client") }
        return .client(clientID)
    }

    /// One's own, or with `keys:admin` anybody's.
    private func owner(_ form: JSONForm, _ caller: Caller) throws -> CredentialOwner {
        let user = try form.text("user", bytesMax: 36)
        let client = try form.text("client", bytesMax: 255)
        guard user != nil || client != nil else { return try owner(caller) }
        try caller.require(anyOf: Self.adminScope)
        switch (user, client) {
        case (let user?, nil):
            guard let id = UUID(uuidString: user) else { throw OAuthError.invalidRequest("The member user must be a user's id.") }
            return .user(id)
        case (nil, let client?): return .client(client)
        default: throw OAuthError.invalidRequest("A key has one owner: a user or a client.")
        }
    }
}
