import Audit
import Credentials
import FoundationEssentials
import Guard
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `POST /v1/keys/verify`: a service asks what a key that was shown to it is worth.
///
/// Answers callers that hold the `introspect` scope or are in the key's audience. To everybody else, and for every key that
/// proves nothing, the answer is the same `{"active": false}`; the reason is in the audit log.
package struct APIKeyVerificationEndpoint: Sendable {
    package static let path = "/v1/keys/verify"

    let callers: CallerAuthentication
    let keys: APIKeyDirectory
    let tally: AuditTally
    let limiter: RateLimiter
    let clock: any WallClock

    package init(callers: CallerAuthentication, keys: APIKeyDirectory, tally: AuditTally, limiter: RateLimiter, clock: any WallClock) {
        self.callers = callers
        self.keys = keys
        self.tally = tally
        self.limiter = limiter
        self.clock = clock
    }

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await callers.require(&request, context, now: now)
        try limiter.require(caller.subject, clientID: caller.clientID, noting: context.rateLimits, now: now)
        let form = try await JSONForm.read(request, allowing: VerificationWish.names.union(["key"]))
        let presented = try form.requiredText("key")
        let wish = try VerificationWish(form)
        do {
            let key = try await keys.require(presented, from: wish.address, now: now)
            switch wish.judge(key.credential, caller) {
            case nil: break
            case .audience: throw APIKeyRefusal.audience
            case .scope: throw APIKeyRefusal.scope
            }
            tally.count(.apiKeyChecked, clientID: caller.clientID)
            return describe(key)
        } catch let refusal as APIKeyRefusal {
            tally.count(.apiKeyRefused, clientID: caller.clientID, reason: refusal.rawValue)
            return VerificationReply.inactive
        } catch let error as OAuthError where error.code == .tooManyRequests {
            tally.count(.apiKeyRefused, clientID: caller.clientID, reason: "rate_limited")
            return VerificationReply.limited(error)
        }
    }

    private func describe(_ key: APIKey) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            json.field("kind", key.kind.rawValue)
            VerificationReply.describe(key.credential, in: &json)
            json.field("iat", key.createdAt.numericDate)
            if let expiresAt = key.expiresAt { json.field("exp", expiresAt.numericDate) }
        }
        return Reply.json(json.bytes)
    }
}
