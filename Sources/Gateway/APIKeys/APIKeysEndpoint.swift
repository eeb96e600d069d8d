import Credentials
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/v1/keys`: issue, list, rotate, import and revoke API keys.
///
/// The scope `keys` manages one's own keys, `keys:admin` everybody's. A key never gets a scope that its maker does not hold.
package struct APIKeysEndpoint: Sendable {
    package static let path = "/v1/keys"
    package static let scope = "keys"
    package static let adminScope = "keys:admin"

    private static let wishNames: Set<String> = [
        "kind", "name", "scope", "audiences", "networks", "rate_limit", "expires_in", "user", "client",
    ]

    let callers: CallerAuthentication
    let issuance: APIKeyIssuance
    let database: any Queryable
    let rights: APIKeyRights
    let clock: any WallClock

    package init(
        callers: CallerAuthentication, issuance: APIKeyIssuance, database: any Queryable, rights: APIKeyRights, clock: any WallClock
    ) {
        self.callers = callers
        self.issuance = issuance
        self.database = database
        self.rights = rights
        self.clock = clock
    }

    /// `POST /v1/keys`
    package func issue(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await require(&request, context, now: now)
        let wish = try self.wish(try await JSONForm.read(request, allowing: Self.wishNames), caller, now: now)
        let (key, text) = try await issuance.issue(wish, by: caller.subject, address: context.clientAddress, now: now)
        return APIKeyReply.make(key, text: text, status: .created)
    }

    /// `POST /v1/keys/import`
    package func importForeign(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await require(&request, context, now: now)
        try caller.require(anyOf: Self.adminScope)
        let form = try await JSONForm.read(request, allowing: Self.wishNames.subtracting(["kind"]).union(["sha256"]))
        guard let hash = Self.hash(try form.requiredText("sha256", bytesMax: 64)) else {
            throw OAuthError.invalidRequest("The member sha256 must be 64 hexadecimal digits.")
        }
        let key = try await issuance.import(
            try wish(form, caller, now: now), hash: hash, by: caller.subject, address: context.clientAddress, now: now)
        return APIKeyReply.make(key, status: .created)
    }

    /// `GET /v1/keys`
    package func list(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        var request = request
        let caller = try await require(&request, context, now: clock.now)
        let query = try Form.query(request)
        let countMax = 100
        let keys = try await APIKeyStore(database).list(
            owner: isAdmin(caller) ? nil : try Self.owner(caller), after: try query.optional("after", bytesMax: 64) ?? "",
            countMax: countMax)
        var json = JSONWriter()
        json.object { json in
            json.array("keys") { json in
                for key in keys { json.value(APIKeyReply.json(key)) }
            }
            if keys.count == countMax, let last = keys.last { json.field("next", "\(Self.path)?after=\(last.id)") }
        }
        return Reply.json(json.bytes)
    }

    /// `GET /v1/keys/{key_id}`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        var request = request
        return APIKeyReply.make(try await requireKey(&request, context, now: clock.now).key)
    }

    /// `POST /v1/keys/{key_id}/rotate`
    package func rotate(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let (key, caller) = try await requireKey(&request, context, now: now)
        let form = try await JSONForm.read(request, allowing: ["overlap"])
        let overlap = try form.number("overlap", in: 0...2_592_000) ?? 86_400
        let (successor, text) = try await issuance.rotate(
            key, overlap: .seconds(overlap), by: caller.subject, address: context.clientAddress, now: now)
        return APIKeyReply.make(successor, text: text, status: .created)
    }

    /// `DELETE /v1/keys/{key_id}`
    package func revoke(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let (key, caller) = try await requireKey(&request, context, now: now)
        _ = try await issuance.revoke(key, by: caller.subject, address: context.clientAddress, now: now)
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    // MARK: Rights

    private func require(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> Caller {
        let caller = try await callers.require(&request, context, now: now)
        try caller.require(anyOf: Self.scope, Self.adminScope)
        return caller
    }

    private func isAdmin(_ caller: Caller) -> Bool { caller.scopes.contains(Self.adminScope) }

    /// - Throws: `not_found` for a key that does not exist as for one of somebody else.
    private func requireKey(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> (key: APIKey, caller: Caller)
    {
        let caller = try await require(&request, context, now: now)
        guard let id = context.parameters.get("key_id"), id.utf8.count <= 64, let key = try await APIKeyStore(database).find(id: id) else {
            throw OAuthError.notFound()
        }
        let isOwn = try Self.owner(caller) == key.owner
        guard isOwn || isAdmin(caller) else { throw OAuthError.notFound() }
        return (key, caller)
    }

    /// The person where there is one, else the client.
    private static func owner(_ caller: Caller) throws(OAuthError) -> APIKey.Owner {
        if let userID = caller.userID { return .user(userID) }
        guard let clientID = caller.clientID else { throw .invalidToken(reason: "a caller without user and client") }
        return .client(clientID)
    }

    private func wish(_ form: JSONForm, _ caller: Caller, now: Date) throws -> APIKeyIssuance.Wish {
        let kindName = try form.text("kind") ?? APIKeyText.Kind.live.rawValue
        guard let kind = APIKeyText.Kind(rawValue: kindName) else {
            throw OAuthError.invalidRequest("The member kind must be live, test or pub.")
        }
        let scopes = try form.scopes("scope") ?? []
        try rights.check(scopes, kind: kind, held: caller.scopes, isAdmin: isAdmin(caller))
        var wish = APIKeyIssuance.Wish(
            kind: kind, owner: try owner(form, caller), name: try form.requiredText("name", bytesMax: 200), scopes: scopes)
        wish.audiences = try form.texts("audiences", countMax: 20)
        wish.networks = try form.networks("networks")
        wish.limit = try form.limit("rate_limit")
        wish.expiresAt = try form.number("expires_in", in: 1...315_360_000).map { now + .seconds($0) }
        return wish
    }

    /// One's own, or with `keys:admin` anybody's.
    private func owner(_ form: JSONForm, _ caller: Caller) throws -> APIKey.Owner {
        let user = try form.text("user", bytesMax: 36)
        let client = try form.text("client", bytesMax: 255)
        guard user != nil || client != nil else { return try Self.owner(caller) }
        try caller.require(anyOf: Self.adminScope)
        switch (user, client) {
        case (let user?, nil):
            guard let id = UUID(uuidString: user) else { throw OAuthError.invalidRequest("The member user must be a user's id.") }
            return .user(id)
        case (nil, let client?): return .client(client)
        default: throw OAuthError.invalidRequest("A key has one owner: a user or a client.")
        }
    }

    private static func hash(_ hex: String) -> TokenHash? {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        return TokenHash(stored: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }
}
