import Credentials
import Hummingbird
import OAuthProtocol
import Web

/// What the API says of a signature key. A secret that we made is there once: in the answer that made it.
enum SignatureKeyReply {
    /// - Parameter secret: base64; the bytes are the key.
    static func make(_ key: SignatureKeySummary, secret: String? = nil, status: HTTPResponse.Status = .ok) -> Response {
        var members = members(key)
        members["secret"] = secret.map { .string($0) }
        return Reply.json(JSONValue.object(members).encoded(), status: status)
    }

    static func json(_ key: SignatureKeySummary) -> JSONValue { .object(members(key)) }

    private static func members(_ key: SignatureKeySummary) -> [String: JSONValue] {
        var members = CredentialReply.members(key.credential)
        members["algorithm"] = .string(key.algorithm.rawValue)
        members["rotated_at"] = key.rotatedAt.map(CredentialReply.instant)
        members["previous_until"] = key.previousUntil.map(CredentialReply.instant)
        return members
    }
}
