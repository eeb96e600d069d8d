import FoundationEssentials
import OAuthProtocol

/// An identity that waits, within one sign-in, until the person has proven the account that it is to be linked with.
struct PendingIdentity: Sendable {
    let providerID: String
    /// Whose proof is asked for.
    let userID: UUID
    let profile: FederationProfile
    /// Where the provider's are kept.
    let tokens: UpstreamTokens?

    var json: JSONValue {
        var members: [String: JSONValue] = ["profile": profile.json]
        if let tokens {
            members["tokens"] = tokens.json
            members["stored_at"] = .double(tokens.storedAt.timeIntervalSince1970)
            members["expires_at"] = tokens.expiresAt.map { .double($0.timeIntervalSince1970) }
        }
        return .object(members)
    }

    init(providerID: String, userID: UUID, profile: FederationProfile, tokens: UpstreamTokens?) {
        self.providerID = providerID
        self.userID = userID
        self.profile = profile
        self.tokens = tokens
    }

    init?(providerID: String, userID: UUID, json: JSONValue) {
        guard let profile = json["profile"].flatMap(FederationProfile.init(json:)) else { return nil }
        let storedAt = json["stored_at"]?.double.map { Date(timeIntervalSince1970: $0) }
        let expiresAt = json["expires_at"]?.double.map { Date(timeIntervalSince1970: $0) }
        let tokens = json["tokens"].flatMap { tokens in
            storedAt.flatMap { UpstreamTokens(json: tokens, expiresAt: expiresAt, storedAt: $0) }
        }
        self.init(providerID: providerID, userID: userID, profile: profile, tokens: tokens)
    }
}
