import Credentials
import FoundationEssentials
import OAuthProtocol
import Runtime

/// What the API says of any credential.
enum CredentialReply {
    static func members(_ credential: Credential) -> [String: JSONValue] {
        let terms = credential.terms
        var members: [String: JSONValue] = [
            "key_id": .string(credential.id), "name": .string(terms.name), "scope": .string(terms.scopes.description),
            "audiences": .strings(terms.audiences), "networks": .strings(terms.networks.map(\.description)),
            "created_at": instant(credential.createdAt),
        ]
        switch terms.owner {
        case .user(let id): members["user"] = .string(id.uuidString.lowercased())
        case .client(let id): members["client"] = .string(id)
        }
        if let limit = terms.limit {
            members["rate_limit"] = .object(["burst": .int(Int64(limit.burst)), "per_minute": .double(limit.perMinute)])
        }
        members["expires_at"] = terms.expiresAt.map(instant)
        members["revoked_at"] = credential.revokedAt.map(instant)
        members["last_used_at"] = credential.lastUsedAt.map(instant)
        return members
    }

    static func instant(_ date: Date) -> JSONValue { .int(Int64(date.numericDate)) }
}
