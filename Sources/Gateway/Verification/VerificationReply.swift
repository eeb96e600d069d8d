import Credentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// What a service that asks about a credential may know, and how it is told.
enum VerificationReply {
    /// Whose it is and what it may do.
    static func describe(_ credential: Credential, in json: inout JSONWriter) {
        json.field("key_id", credential.id)
        json.field("name", credential.terms.name)
        json.field("sub", credential.subject)
        if case .client(let id) = credential.terms.owner { json.field("client_id", id) }
        json.field("scope", credential.terms.scopes.description)
        json.field("aud", credential.terms.audiences)
        if !credential.ownerRoles.isEmpty { json.field("roles", credential.ownerRoles) }
    }

    static func limited(_ error: OAuthError) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("active", false)
            json.field("error", "rate_limited")
            json.field("retry_after", Int((error.retryAfter ?? .seconds(1)).components.seconds))
        }
        return Reply.json(json.bytes)
    }

    static let inactive = Reply.json(Array(#"{"active":false}"#.utf8))
}
