import Accounts
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Postgres
import Runtime
import Web

/// `GET` and `POST /oauth2/userinfo` (OpenID Connect Core §5.3): what the person has let this client know.
package struct UserInfoEndpoint: Sendable {
    let issuer: String
    let verification: AccessTokenVerification
    let proofs: DPoPVerification
    let database: any Queryable
    let limiter: RateLimiter
    let clock: any WallClock

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let token = try await presentedToken(request, context)
        let accessToken = try await verification.require(
            token, from: SenderEvidence(request, context, origins: proofs.origins), now: now)
        guard accessToken.scopes.contains("openid"), let userID = accessToken.userID, let grantID = accessToken.grantID else {
            throw OAuthError.insufficientScope(scope: "openid")
        }
        // RFC 9068 §4: a token narrowed to another service is not for this one.
        guard accessToken.audiences.contains(issuer) else { throw OAuthError.invalidToken(reason: "not in the audience") }
        context.notes.note(.accessToken)
        try limiter.require(accessToken.subject, noting: context.rateLimits, now: now)
        guard let (user, wanted) = try await UserInfoStore(database).find(userID: userID, grantID: grantID) else {
            throw OAuthError.invalidToken(reason: "user gone or disabled, or grant gone")
        }
        var names = Set(StandardClaims.names(releasedBy: accessToken.scopes))
        names.formUnion((wanted?.userInfo.keys).map(Array.init) ?? [])
        names.formIntersection(StandardClaims.all)
        var json = JSONWriter()
        json.object { json in
            json.field("sub", accessToken.subject)
            for name in names.sorted() {
                if let value = user.claim(name) { json.field(name, value) }
            }
        }
        var response = Reply.json(json.bytes)
        if token.scheme == .dpop { proofs.mark(&response, now: now) }
        return response
    }

    /// RFC 6750 §2: in the header, or in the body of a form; one of them, and never in the query.
    private func presentedToken(_ request: Request, _ context: GatehouseContext) async throws -> PresentedToken {
        let headers = request.headers[values: .authorization]
        var tokens = try headers.map { header in
            guard let token = try PresentedToken(authorization: header) else { throw OAuthError.missingAccessToken() }
            return token
        }
        if request.method == .post, request.headers[.contentType] != nil {
            let form = try await Form.read(request, context)
            if let token = try form.optional("access_token", bytesMax: 16_384) {
                tokens.append(PresentedToken(try BearerToken(parameter: token)))
            }
        }
        guard tokens.count <= 1 else { throw OAuthError.invalidRequest("more than one access token") }
        // §3.1: without authentication information, the challenge alone.
        guard let token = tokens.first else { throw OAuthError.missingAccessToken() }
        return token
    }
}
