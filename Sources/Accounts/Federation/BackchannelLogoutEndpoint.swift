import Audit
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `POST /backchannel-logout/{provider}`: a provider says that a person has signed out there (OpenID Connect Back-Channel Logout §2.5);
/// the sessions here that rest on it end.
package struct BackchannelLogoutEndpoint: Sendable {
    package static let prefix = "/backchannel-logout"

    static let event = "http://schemas.openid.net/event/backchannel-logout"
    /// Longer than any provider needs; what is remembered against replay is bounded by it.
    static let lifetimeMax: Duration = .hours(24)

    let federation: Federation
    let sessions: Sessions
    let limiter: RateLimiter
    let clock: any WallClock

    package init(federation: Federation, sessions: Sessions, limiter: RateLimiter, clock: any WallClock) {
        self.federation = federation
        self.sessions = sessions
        self.limiter = limiter
        self.clock = clock
    }

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        guard let id = context.parameters.get("provider"), let provider = try await federation.directory.find(id),
            provider.kind == .openIDConnect
        else { throw OAuthError.notFound() }
        try limiter.require(context.limitKey, noting: context.rateLimits, now: now)
        let token = try await Form.read(request, context).required("logout_token", bytesMax: CompactJWS.bytesMax)
        let claims: JSONValue
        do throws(FederationFailure) {
            claims = try await check(token, provider, now: now)
        } catch {
            throw try await refuse(error, provider, context, now: now)
        }
        guard try await end(claims, provider, address: context.clientAddress, now: now) else {
            throw try await refuse(.untrusted("logout token: replayed"), provider, context, now: now)
        }
        // The limit is for who guesses; a provider may have many people.
        limiter.giveBack(context.limitKey)
        return Reply.json(Array("{}".utf8))
    }

    /// Ends what the token means. All at once: a token that has counted while sessions lived on could not be sent again.
    /// - Returns: false for a second use, which is refused whoever sends it (§2.6).
    private func end(_ claims: JSONValue, _ provider: FederationProvider, address: String, now: Date) async throws -> Bool {
        guard let jti = claims["jti"]?.string, let expiry = claims["exp"]?.double else { return false }
        let issuer = FederationIDToken(provider: provider, documents: federation.documents).issuer(of: claims)
        return try await federation.database.transaction { transaction in
            guard
                try await LogoutTokenStore(transaction).consume(
                    providerID: provider.id, id: jti,
                    expiresAt: Date(timeIntervalSince1970: expiry) + .seconds(provider.clockTolerance))
            else { return false }
            let meant = try await FederatedSessionStore(transaction).list(
                providerID: provider.id, issuer: issuer, subject: claims["sub"]?.string, upstreamSessionID: claims["sid"]?.string, now: now)
            for session in meant {
                try await sessions.end(
                    session.id, of: session.userID, reason: "signed out at provider", address: address, in: transaction, now: now)
            }
            try await federation.audit.insert(
                AuditEvent(.logoutReceived, address: address, detail: ["provider": provider.id, "sessions": "\(meant.count)"]), now: now,
                in: transaction)
            return true
        }
    }

    /// §2.6.
    private func check(_ token: String, _ provider: FederationProvider, now: Date) async throws(FederationFailure) -> JSONValue {
        let check = FederationIDToken(provider: provider, documents: federation.documents)
        let claims = try await check.verify(token, types: ["logout+jwt", "JWT"], what: "logout token", now: now)
        try check.checkIssuer(claims)
        try check.checkNames(claims)
        guard claims["events"]?[Self.event]?.object != nil else { throw .untrusted("logout token: no logout event") }
        // What has a nonce is an ID token, which anybody may hold who signed in here once.
        guard claims["nonce"] == nil else { throw .untrusted("logout token: has a nonce") }
        guard let id = claims["jti"]?.string, (1...255).contains(id.utf8.count) else { throw .untrusted("logout token: no jti") }
        guard claims["iat"]?.double != nil else { throw .untrusted("logout token: no iat") }
        let latest = (now + Self.lifetimeMax).timeIntervalSince1970
        guard let expiry = claims["exp"]?.double, expiry <= latest else { throw .untrusted("logout token: lives too long") }
        guard claims["sub"]?.string != nil || claims["sid"]?.string != nil else { throw .untrusted("logout token: means nobody") }
        return claims
    }

    private func refuse(
        _ failure: FederationFailure, _ provider: FederationProvider, _ context: GatehouseContext, now: Date
    ) async throws -> OAuthError {
        federation.tally.count(.logoutRefused, clientID: nil, reason: "\(provider.id): \(failure.reason)")
        if failure.notice == .providerUnavailable {
            return .temporarilyUnavailable("The provider's keys can not be read.", reason: failure.reason)
        }
        return .invalidRequest("The logout_token is not valid.", reason: failure.reason)
    }
}
