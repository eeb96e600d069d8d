import Credentials
import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// What the API says of a key. Its text is there once: in the answer that made it.
enum APIKeyReply {
    static func make(_ key: APIKey, text: APIKeyText? = nil, status: HTTPResponse.Status = .ok) -> Response {
        var members = json(key).object ?? [:]
        members["key"] = text.map { .string($0.text) }
        return Reply.json(JSONValue.object(members).encoded(), status: status)
    }

    static func json(_ key: APIKey) -> JSONValue {
        var members: [String: JSONValue] = [
            "key_id": .string(key.id), "kind": .string(key.kind.rawValue), "name": .string(key.name),
            "scope": .string(key.scopes.description), "audiences": .strings(key.audiences),
            "networks": .strings(key.networks.map(\.description)), "created_at": .int(Int64(key.createdAt.numericDate)),
        ]
        switch key.owner {
        case .user(let id): members["user"] = .string(id.uuidString.lowercased())
        case .client(let id): members["client"] = .string(id)
        }
        if let limit = key.limit {
            members["rate_limit"] = .object(["burst": .int(Int64(limit.burst)), "per_minute": .double(limit.perMinute)])
        }
        members["expires_at"] = key.expiresAt.map { .int(Int64($0.numericDate)) }
        members["revoked_at"] = key.revokedAt.map { .int(Int64($0.numericDate)) }
        members["last_used_at"] = key.lastUsedAt.map { .int(Int64($0.numericDate)) }
        members["successor_id"] = key.successorID.map { .string($0) }
        return .object(members)
    }
}
