import Credentials
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/v1/keys`: issue, list, rotate, import and revoke API keys.
package struct APIKeysEndpoint: Sendable {
    package static let path = "/v1/keys"

    private static let wishNames = CredentialManagement.termNames.union(["kind"])

    let management: CredentialManagement
    let issuance: APIKeyIssuance
    let database: any Queryable
    let clock: any WallClock

    package init(management: CredentialManagement, issuance: APIKeyIssuance, database: any Queryable, clock: any WallClock) {
        self.management = management
        self.issuance = issuance
        self.database = database
        self.clock = clock
    }

    /// `POST /v1/keys`
    package func issue(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await management.require(&request, context, now: now)
        let form = try await JSONForm.read(request, allowing: Self.wishNames)
        guard let kind = APIKeyText.Kind(rawValue: try form.text("kind") ?? APIKeyText.Kind.live.rawValue) else {
            throw OAuthError.invalidRequest("The member kind must be live, test or pub.")
        }
        let terms = try management.terms(form, caller, kind: kind, now: now)
        let (key, text) = try await issuance.issue(terms, kind: kind, by: caller.subject, address: context.clientAddress, now: now)
        return APIKeyReply.make(key, text: text, status: .created)
    }

    /// `POST /v1/keys/import`
    package func importForeign(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await management.require(&request, context, now: now)
        try caller.require(anyOf: CredentialManagement.adminScope)
        let form = try await JSONForm.read(request, allowing: CredentialManagement.termNames.union(["sha256"]))
        guard let hash = Self.hash(try form.requiredText("sha256", bytesMax: 64)) else {
            throw OAuthError.invalidRequest("The member sha256 must be 64 hexadecimal digits.")
        }
        let key = try await issuance.import(
            try management.terms(form, caller, now: now), hash: hash, by: caller.subject, address: context.clientAddress, now: now)
        return APIKeyReply.make(key, status: .created)
    }

    /// `GET /v1/keys`
    package func list(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        try await management.list(request, context, path: Self.path, now: clock.now, id: \.id, json: APIKeyReply.json) { owner, after in
            try await APIKeyStore(database).list(owner: owner, after: after, countMax: CredentialManagement.pageCountMax)
        }
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
        let (successor, text) = try await issuance.rotate(
            key, overlap: try management.overlap(form), by: caller.subject, address: context.clientAddress, now: now)
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

    private func requireKey(
        _ request: inout Request, _ context: GatehouseContext, now: Date
    ) async throws -> (key: APIKey, caller: Caller) {
        try await management.requireKey(&request, context, now: now, credential: \.credential) {
            try await APIKeyStore(database).find(id: $0)
        }
    }

    private static func hash(_ hex: String) -> TokenHash? {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        return TokenHash(stored: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }
}
