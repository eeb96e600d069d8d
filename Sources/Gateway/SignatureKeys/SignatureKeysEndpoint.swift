import Credentials
import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `/v1/signature-keys`: issue, register, list, rotate and revoke the keys that requests are signed with (RFC 9421).
package struct SignatureKeysEndpoint: Sendable {
    package static let path = "/v1/signature-keys"

    private static let sourceNames: Set<String> = ["algorithm", "secret", "jwk"]

    let management: CredentialManagement
    let issuance: SignatureKeyIssuance
    let database: any Queryable
    let clock: any WallClock

    package init(management: CredentialManagement, issuance: SignatureKeyIssuance, database: any Queryable, clock: any WallClock) {
        self.management = management
        self.issuance = issuance
        self.database = database
        self.clock = clock
    }

    /// `POST /v1/signature-keys`
    package func issue(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await management.require(&request, context, now: now)
        let form = try await JSONForm.read(request, allowing: CredentialManagement.termNames.union(Self.sourceNames))
        let terms = try management.terms(form, caller, now: now)
        let (key, secret) = try await issuance.issue(
            terms, from: try Self.source(form), by: caller.subject, address: context.clientAddress, now: now)
        return SignatureKeyReply.make(key, secret: secret, status: .created)
    }

    /// `GET /v1/signature-keys`
    package func list(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        try await management.list(request, context, path: Self.path, now: clock.now, id: \.credential.id, json: SignatureKeyReply.json) {
            owner, after in
            try await SignatureKeyStore(database).list(owner: owner, after: after, countMax: CredentialManagement.pageCountMax)
        }
    }

    /// `GET /v1/signature-keys/{key_id}`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        var request = request
        return SignatureKeyReply.make(try await requireKey(&request, context, now: clock.now).key)
    }

    /// `POST /v1/signature-keys/{key_id}/rotate`
    package func rotate(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let (key, caller) = try await requireKey(&request, context, now: now)
        let form = try await JSONForm.read(request, allowing: Self.sourceNames.union(["overlap"]))
        let (rotated, secret) = try await issuance.rotate(
            key.credential.id, from: try Self.source(form), overlap: try management.overlap(form), by: caller.subject,
            address: context.clientAddress, now: now)
        return SignatureKeyReply.make(rotated, secret: secret)
    }

    /// `DELETE /v1/signature-keys/{key_id}`
    package func revoke(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let (key, caller) = try await requireKey(&request, context, now: now)
        _ = try await issuance.revoke(key.credential, by: caller.subject, address: context.clientAddress, now: now)
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    private func requireKey(
        _ request: inout Request, _ context: GatehouseContext, now: Date
    ) async throws -> (key: SignatureKeySummary, caller: Caller) {
        try await management.requireKey(&request, context, now: now, credential: \.credential) {
            try await SignatureKeyStore(database).findSummary(id: $0)
        }
    }

    /// A `jwk`, a `secret`, or neither: then we make one. `algorithm` may only agree.
    private static func source(_ form: JSONForm) throws -> SignatureKeyIssuance.Source {
        let jwk = try form.object("jwk")
        let secret = try form.bytes("secret")
        let material: SignatureKeyMaterial?
        switch (jwk, secret) {
        case (nil, nil):
            material = nil
        case (let jwk?, nil):
            material = try? SignatureKeyMaterial(jwk: jwk)
            guard material != nil else {
                throw OAuthError.invalidRequest("The member jwk must be a public key: EC on P-256, or OKP on Ed25519.")
            }
        case (nil, let secret?):
            material = try? SignatureKeyMaterial(secret: secret)
            guard material != nil else { throw OAuthError.invalidRequest("The member secret must have from 32 to 1024 bytes.") }
        default:
            throw OAuthError.invalidRequest("A key has either a jwk or a secret.")
        }
        let algorithm = material?.algorithm ?? .hmacSHA256
        guard try form.text("algorithm").map({ $0 == algorithm.rawValue }) ?? true else {
            throw OAuthError.invalidRequest("The member algorithm must be that of the key: hmac-sha256 unless a jwk is given.")
        }
        return material.map(SignatureKeyIssuance.Source.given) ?? .generated
    }
}
