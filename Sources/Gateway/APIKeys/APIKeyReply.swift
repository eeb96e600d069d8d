import Credentials
import Hummingbird
import OAuthProtocol
import Web

/// What the API says of a key. Its text is there once: in the answer that made it.
enum APIKeyReply {
    static func make(_ key: APIKey, text: APIKeyText? = nil, status: HTTPResponse.Status = .ok) -> Response {
        var members = members(key)
        members["key"] = text.map { .string($0.text) }
        return Reply.json(JSONValue.object(members).encoded(), status: status)
    }

    static func json(_ key: APIKey) -> JSONValue { .object(members(key)) }

    private static func members(_ key: APIKey) -> [String: JSONValue] {
        var members = CredentialReply.members(key.credential)
        members["kind"] = .string(key.kind.rawValue)
        members["successor_id"] = key.successorID.map { .string($0) }
        return members
    }
}
