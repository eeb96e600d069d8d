import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// What a registered client is told about itself (RFC 7591 §3.2.1, RFC 7592 §3).
enum RegistrationReply {
    /// Reads a body of JSON.
    static func read(_ request: Request) async throws -> JSONValue {
        guard Form.saysJSON(request) else { throw OAuthError.invalidRequest("The body must be application/json.") }
        let body = try await Form.body(request)
        do {
            return try JSONValue(parsing: body.readableBytesView)
        } catch {
            throw OAuthError.invalidClientMetadata("The body is not valid JSON.", reason: "\(error)")
        }
    }

    /// - Throws: `invalid_client_metadata`, also when it is too much to keep.
    static func metadata(_ json: JSONValue) throws(OAuthError) -> ClientMetadata {
        let metadata = try ClientMetadata(registering: json)
        guard metadata.json.encoded().count <= 32_768 else { throw .invalidClientMetadata("The client metadata is too long.") }
        try metadata.checkCertificates()
        return metadata
    }

    static func make(
        _ client: Client, issuer: String, secret: String?, management: String?, status: HTTPResponse.Status
    ) -> Response {
        var members = client.metadata.json.object ?? [:]
        members["client_id"] = .string(client.id)
        members["client_id_issued_at"] = .int(Int64(client.createdAt.timeIntervalSince1970))
        members["scope"] = .string(client.scopes.description)
        if let secret {
            members["client_secret"] = .string(secret)
            // RFC 7591 §3.2.1: "0 if it will not expire".
            members["client_secret_expires_at"] = 0
        }
        if let management { members["registration_access_token"] = .string(management) }
        members["registration_client_uri"] = .string(issuer + DiscoveryEndpoint.Path.register + "/" + client.id)
        return Reply.json(JSONValue.object(members).encoded(), status: status)
    }
}
