import Audit
import Credentials
import FoundationEssentials
import HTTPTypes
import OAuthProtocol
import Runtime
import Web

/// An API key is exchanged for a short access token (RFC 8693), which services check by the JWKS alone.
///
/// The key is the credential: no client authentication goes with it. Its token lives five minutes at most, and never longer than the key.
struct APIKeyExchange: Sendable {
    static let grantType = "urn:ietf:params:oauth:grant-type:token-exchange"
    static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
    /// RFC 8693 §3 leaves further types to those who need them.
    static let keyType = "urn:gatehouse:params:oauth:token-type:api-key"
    static let lifetimeMax: Duration = .minutes(5)

    let keys: APIKeyDirectory
    let audiences: Audiences
    let tally: AuditTally

    struct Approval: Sendable {
        let approval: TokenApproval
        let clientID: String
        let lifetime: Duration
    }

    func approve(_ form: Parameters, address: String, noting notes: RequestNotes, now: Date) async throws -> Approval {
        guard try form.required("subject_token_type") == Self.keyType else {
            throw OAuthError.invalidRequest("subject_token_type is not supported")
        }
        if let requested = try form.optional("requested_token_type"), requested != Self.accessTokenType {
            throw OAuthError.invalidRequest("requested_token_type is not supported")
        }
        guard !form.contains("actor_token") else { throw OAuthError.invalidRequest("actor_token is not supported") }
        let key = try await require(try form.required("subject_token", bytesMax: 512), address: address, noting: notes, now: now)
        let scopes = try form.optional("scope").map { text throws(OAuthError) in try ScopeSet(parsing: text) } ?? key.scopes
        guard scopes.isSubset(of: key.scopes) else { throw OAuthError.invalidScope("scope exceeds what the key may do") }
        let requested = try form.all("resource") + form.all("audience")
        // Whoever made the key chose its audiences; a token names only those that its scopes speak to.
        let meant = audiences.meant(by: scopes).filter { key.audiences.isEmpty || key.audiences.contains($0) }
        guard !meant.isEmpty, requested.allSatisfy(meant.contains) else {
            throw OAuthError.invalidTarget("resource exceeds what the key is for")
        }
        let lifetime = key.expiresAt.map { min(Self.lifetimeMax, .seconds(Int64($0.timeIntervalSince(now)))) } ?? Self.lifetimeMax
        tally.count(.apiKeyChecked, clientID: nil)
        return Approval(
            approval: TokenApproval(
                subject: key.subject, scopes: scopes, audiences: requested.isEmpty ? meant : requested,
                roles: key.ownerRoles),
            clientID: clientID(of: key), lifetime: max(.seconds(1), lifetime))
    }

    private func require(_ text: String, address: String, noting notes: RequestNotes, now: Date) async throws -> APIKey {
        do {
            let key = try await keys.require(text, from: address, noting: notes, now: now)
            // Everybody may hold a publishable key.
            guard key.kind != .publishable else { throw APIKeyRefusal.scope }
            return key
        } catch let refusal as APIKeyRefusal {
            tally.count(.apiKeyRefused, clientID: nil, reason: refusal.rawValue)
            // RFC 8693 §2.2.2: an unusable subject_token is an invalid_request.
            throw OAuthError.invalidRequest("subject_token is not valid", reason: "API key: \(refusal.rawValue)")
        }
    }

    /// RFC 9068 §2.2 requires a `client_id`: the owning client, or the key itself where a person owns it.
    private func clientID(of key: APIKey) -> String {
        if case .client(let id) = key.owner { return id }
        return "api-key:\(key.id)"
    }
}
