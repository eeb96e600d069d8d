/// Registered members (IANA "OAuth Dynamic Client Registration Metadata") that this server doesn't act on. A client that
/// asks for one relies on it: it is refused, never left without what it asked for.
enum UnsupportedMetadata {
    static let names: Set<String> = [
        // Keys of the client, and what is signed or encrypted with them
        "jwks_uri", "sector_identifier_uri", "token_endpoint_auth_signing_alg", "software_statement",
        "id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
        "introspection_signed_response_alg", "introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
        "authorization_signed_response_alg", "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
        // Requests as objects (OpenID Connect Core §6, RFC 9101), pushed (RFC 9126), in detail (RFC 9396)
        "request_uris", "request_object_signing_alg", "request_object_encryption_alg", "request_object_encryption_enc",
        "require_signed_request_object", "require_pushed_authorization_requests", "authorization_details_types",
        // RFC 8705 §5
        "use_mtls_endpoint_aliases",
        // Logout by channel, CIBA, native sign-in, federation
        "backchannel_logout_uri", "backchannel_logout_session_required", "frontchannel_logout_uri",
        "frontchannel_logout_session_required", "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint",
        "backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter", "client_registration_types",
        "spiffe_id", "spiffe_bundle_endpoint",
    ]

    /// - Throws: `invalid_client_metadata` naming the first such member. One that asks for nothing – null, false or an empty
    ///   list – is none.
    static func refuse(in members: [String: JSONValue]) throws(OAuthError) {
        let asked = members.filter { name, value in names.contains(name) && !asksForNothing(value) }
        guard let name = asked.keys.min() else { return }
        throw .invalidClientMetadata("The member \(name) is not supported.")
    }

    private static func asksForNothing(_ value: JSONValue) -> Bool {
        value.isNull || value == false || value == .array([])
    }
}
