import Credentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// What a service that asks about a credential may know, and how it is told.
enum VerificationReply {
    /// Why a credential that is right in itself is nothing to who asks.
    enum Flaw {
        case audience
        case scope
    }

    /// - Parameters:
    ///   - wanted: scopes that the service needs.
    ///   - audience: the service that the credential must be for.
    static func judge(_ credential: Credential, _ caller: Caller, wanted: ScopeSet, audience: String?) -> Flaw? {
        let audiences = credential.terms.audiences
        guard caller.scopes.contains("introspect") || audiences.contains(where: caller.audiences.contains) else { return .audience }
        if let audience, !audiences.contains(audience) { return .audience }
        return wanted.isSubset(of: credential.terms.scopes) ? nil : .scope
    }

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
