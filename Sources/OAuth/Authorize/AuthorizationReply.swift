import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// The answer to the client, through the browser: parameters on the redirect, or a form that posts them
/// (OAuth 2.0 Form Post Response Mode). Every one carries `iss` (RFC 9207).
struct AuthorizationReply: Sendable {
    let issuer: String
    let pages: Pages

    func code(_ code: String, to target: AuthorizationTarget) throws -> Response {
        try send([("code", code)], to: target)
    }

    func error(_ error: OAuthError, to target: AuthorizationTarget) throws -> Response {
        try send([("error", error.code.rawValue), ("error_description", error.publicDescription)], to: target)
    }

    private func send(_ answer: [(String, String)], to target: AuthorizationTarget) throws -> Response {
        var fields = answer
        if let state = target.state { fields.append(("state", state)) }
        fields.append(("iss", issuer))
        switch target.responseMode {
        case .query:
            return Reply.redirect(to: target.redirectURI.appending(fields))
        case .formPost:
            return try pages.render(
                "Authorize/form-post",
                [
                    "action": target.address,
                    "fields": PageModel.fields(fields),
                    "client": target.client.page.model,
                ],
                policy: PagePolicy(
                    imageURIs: target.client.metadata.logoURI.best().map { [$0] } ?? [],
                    formTargetURIs: [target.address] + target.client.onwardTargets,
                    runsFormPost: true, isIsolated: !target.isPopup))
        }
    }
}
