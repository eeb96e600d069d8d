import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `POST /oauth2/token` (RFC 6749 §3.2): the phases that every grant passes, in order.
package struct TokenEndpoint: Sendable {
    private let authentication: ClientAuthentication
    private let grants: [String: any TokenGrant]
    private let issuer: TokenIssuer
    private let clock: any WallClock

    init(authentication: ClientAuthentication, grants: [any TokenGrant], issuer: TokenIssuer, clock: any WallClock) {
        self.authentication = authentication
        self.grants = Dictionary(uniqueKeysWithValues: grants.map { (type(of: $0).type.rawValue, $0) })
        self.issuer = issuer
        self.clock = clock
    }

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let form = try await Form.read(request, context)
        // RFC 6749 §3.2; RFC 8707 §2 makes the exception.
        try form.refuseRepeated(except: ["resource"])
        let client = try await authentication.authenticate(request.headers, form)
        let name = try form.required("grant_type")
        guard let grant = grants[name] else { throw OAuthError.unsupportedGrantType("grant_type is not supported") }
        guard client.metadata.grantTypes.contains(type(of: grant).type) else {
            throw OAuthError.unauthorizedClient("this client may not use this grant_type")
        }
        let now = clock.now
        let approval = try await grant.approve(TokenRequest(form: form, client: client, address: context.clientAddress, now: now))
        return try TokenReply.make(try issuer.issue(approval, for: client, now: now))
    }
}
