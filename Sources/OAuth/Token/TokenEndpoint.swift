import FoundationEssentials
import Guard
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `POST /oauth2/token` (RFC 6749 §3.2): the phases that every grant passes, in order.
package struct TokenEndpoint: Sendable {
    private let authentication: ClientAuthentication
    private let grants: [String: any TokenGrant]
    private let exchange: APIKeyExchange
    private let upstream: UpstreamTokenExchange
    private let issuer: TokenIssuer
    private let proofs: DPoPVerification
    /// Of clients that prove who they are: anybody may name a public client, whose limits are those of addresses.
    private let limiter: RateLimiter
    private let clock: any WallClock

    init(
        authentication: ClientAuthentication, grants: [any TokenGrant], exchange: APIKeyExchange,
        upstream: UpstreamTokenExchange, issuer: TokenIssuer,
        proofs: DPoPVerification, limiter: RateLimiter, clock: any WallClock
    ) {
        self.authentication = authentication
        self.grants = Dictionary(uniqueKeysWithValues: grants.map { (type(of: $0).type.rawValue, $0) })
        self.exchange = exchange
        self.upstream = upstream
        self.issuer = issuer
        self.proofs = proofs
        self.limiter = limiter
        self.clock = clock
    }

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let form = try await Form.read(request, context)
        // RFC 6749 §3.2; RFC 8707 §2 and RFC 8693 §2.1 make the exceptions.
        try form.refuseRepeated(except: ["resource", "audience"])
        let isExchange = (try? form.optional("grant_type")) == APIKeyExchange.grantType
        // A person's token is exchanged by a client that proves itself; a key is proof enough.
        let isOfPerson = isExchange && (try? form.optional("subject_token_type")) == APIKeyExchange.accessTokenType
        if isExchange, !isOfPerson { return try await exchangeKey(request, form, context) }
        let now = clock.now
        let client = try await authentication.authenticate(
            request.headers, form, certificates: context.peerCertificates, from: context.limitKey, now: now)
        context.notes.note(client.requestCaller)
        if !client.isPublic { try limiter.require(client.id, clientID: client.id, noting: context.rateLimits, now: now) }
        if isOfPerson {
            return try await upstream.respond(
                form, client: client, from: SenderEvidence(request, context, origins: proofs.origins), now: now)
        }
        let name = try form.required("grant_type")
        guard let grant = grants[name] else { throw OAuthError.unsupportedGrantType("grant_type is not supported") }
        guard client.metadata.grantTypes.contains(type(of: grant).type) else {
            throw OAuthError.unauthorizedClient("this client may not use this grant_type")
        }
        let key = try await proofs.find(request, context, clientID: client.id, now: now)
        let constraint = try SenderConstraint.judge(client, key: key, certificates: context.peerCertificates)
        var approval = try await grant.approve(
            TokenRequest(
                form: form, client: client, presented: SenderConstraint(key: key, certificates: context.peerCertificates),
                constraint: constraint, address: context.clientAddress, now: now))
        approval.constraint = constraint
        var response = try TokenReply.make(try issuer.issue(approval, for: client, now: now))
        if key != nil { proofs.mark(&response, now: now) }
        return response
    }

    private func exchangeKey(
        _ request: Request, _ form: OAuthProtocol.Parameters, _ context: GatehouseContext
    ) async throws -> Response {
        let now = clock.now
        let approved = try await exchange.approve(form, address: context.clientAddress, noting: context.rateLimits, now: now)
        var approval = approved.approval
        approval.constraint = try await proofs.find(request, context, clientID: approved.clientID, now: now).map(SenderConstraint.key)
        let token = try issuer.signAccessToken(
            approval, clientID: approved.clientID, algorithm: nil, lifetime: approved.lifetime, now: now)
        var response = TokenReply.makeExchanged(token, approval, lifetime: approved.lifetime)
        if approval.constraint != nil { proofs.mark(&response, now: now) }
        return response
    }
}
