import Audit
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `POST /oauth2/register` (RFC 7591, OpenID Connect Dynamic Client Registration): a client introduces itself.
package struct RegistrationEndpoint: Sendable {
    let settings: OAuthSettings
    let database: Database
    let directory: ClientDirectory
    let audit: AuditStore
    let limiter: RateLimiter
    let randomness: any Randomness
    let clock: any WallClock

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        try authorize(request)
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        let metadata = try RegistrationReply.metadata(try await RegistrationReply.read(request))
        guard try await ClientStore(database).countRegistered() < settings.registeredClientsMax else {
            throw OAuthError.temporarilyUnavailable("No more clients can be registered now.", retryAfter: .seconds(3_600))
        }
        let scopes = try RegistrationScopes(settings: settings).judge(metadata)
        var client = Client(id: randomness.uuid(at: now).token, metadata: metadata, origin: .registered, scopes: scopes, now: now)
        let secret = metadata.tokenEndpointAuthMethod.usesSecret ? ClientSecret.generate(randomness: randomness) : nil
        let management = OpaqueToken.generate(randomness: randomness, prefix: "gh_reg_")
        client.secretHash = secret?.hash
        client.registrationTokenHash = management.hash
        let registered = client
        try await database.transaction { transaction in
            try await ClientStore(transaction).insert(registered)
            try await audit.insert(
                AuditEvent(.clientCreated, clientID: registered.id, address: context.clientAddress, detail: ["origin": "registered"]),
                now: now, in: transaction)
        }
        directory.forgetOrigins()
        return RegistrationReply.make(
            registered, issuer: settings.issuer, secret: secret?.text, management: management.text, status: .created)
    }

    /// §3: "The client registration endpoint MAY be an OAuth 2.0 protected resource".
    private func authorize(_ request: Request) throws {
        switch settings.registration {
        case .off: throw OAuthError.notFound()
        case .open: return
        case .initialAccessToken(let accepted):
            guard let header = request.headers[.authorization], let bearer = try BearerToken(authorization: header) else {
                throw OAuthError.missingToken()
            }
            let hash = TokenHash(of: bearer.text)
            // Every hash is compared, each in constant time.
            guard accepted.reduce(false, { $0 || $1 == hash }) else { throw OAuthError.invalidToken(reason: "initial access token") }
        }
    }
}
