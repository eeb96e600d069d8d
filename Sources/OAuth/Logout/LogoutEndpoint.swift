import Accounts
import FoundationEssentials
import Hummingbird
import Keys
import OAuthProtocol
import Runtime
import Web

/// `/oauth2/logout` (OpenID Connect RP-Initiated Logout 1.0).
///
/// With an ID token of the present session the person is signed out at once; otherwise they are asked.
/// The browser goes back to the application only at an address that this application registered.
package struct LogoutEndpoint: Sendable {
    package static let confirmPath = DiscoveryEndpoint.Path.logout + "/confirm"

    let settings: OAuthSettings
    let clients: ClientDirectory
    let keys: KeyRing
    let sessions: Sessions
    let signOut: SignOutPage
    let csrf: CSRFTokens
    let site: Site
    let clock: any WallClock

    private struct Asked {
        let hint: IDTokenHint.Content?
        let client: Client?
        /// Proven, with the state appended.
        let returnURI: String?
        let fields: [(String, String)]
    }

    /// `POST /oauth2/logout`. A cross-site POST comes without our cookies, so the browser is sent on to a GET, which brings them.
    package func submit(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let asked = try await check(try await Form.read(request, context), now: clock.now)
        return Reply.redirect(to: Self.address(asked))
    }

    /// `GET /oauth2/logout`
    package func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let asked = try await check(try Form.query(request), now: now)
        guard let session = try await sessions.find(request, now: now) else { return try done(asked, request) }
        if let hint = asked.hint, hint.sessionID == session.id, hint.subject == session.user.id.token {
            try await sessions.end(
                session.id, of: session.user.id, reason: "signed out by application", address: context.clientAddress, now: now)
            return try done(asked, request)
        }
        return try ask(session, asked)
    }

    /// `POST /oauth2/logout/confirm`: the person has answered.
    package func confirm(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        let form = try await Form.read(request, context)
        let asked = try await check(form, now: now)
        guard let session = try await sessions.find(request, now: now) else { return try done(asked, request) }
        try FormOrigin.check(request, site: site)
        guard csrf.isRight(try form.optional(CSRFTokens.fieldName), binding: session.tokenText) else { return try ask(session, asked) }
        guard try form.optional("decision", bytesMax: 16) != "stay" else { return Reply.redirect(to: "/") }
        try await sessions.end(session.id, of: session.user.id, reason: "signed out", address: context.clientAddress, now: now)
        return try done(asked, request)
    }

    private func ask(_ session: Session, _ asked: Asked) throws -> Response {
        try signOut.ask(
            session, action: Self.confirmPath, hidden: asked.fields, client: asked.client?.page,
            formTargets: asked.returnURI.map { [$0] + (asked.client?.onwardTargets ?? []) } ?? [])
    }

    private func done(_ asked: Asked, _ request: Request) throws -> Response {
        // Anybody can name a client. Without a token of ours, one that registered itself gets a link and no redirect:
        // it could be anywhere (RP-Initiated Logout §3, RFC 9700 §4.11.2).
        guard let returnURI = asked.returnURI, asked.hint != nil || asked.client?.origin != .registered else {
            return try signOut.signedOut(request, returnURI: asked.returnURI, client: asked.client?.page)
        }
        return Reply.redirect(to: returnURI, setting: sessions.clearedCookie(for: request))
    }

    private static func address(_ asked: Asked) -> String {
        asked.fields.isEmpty
            ? DiscoveryEndpoint.Path.logout : DiscoveryEndpoint.Path.logout + "?" + OAuthProtocol.Parameters.encode(asked.fields)
    }

    private func check(_ parameters: OAuthProtocol.Parameters, now: Date) async throws -> Asked {
        var fields: [(String, String)] = []
        for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"] {
            if let value = try parameters.optional(name, bytesMax: 16_384) { fields.append((name, value)) }
        }
        for tolerated in ["logout_hint", "ui_locales"] { _ = try parameters.optional(tolerated) }
        let hint = try await readHint(parameters, now: now)
        let named = try parameters.optional("client_id")
        guard named == nil || hint == nil || named == hint?.clientID else {
            throw OAuthError.invalidRequest("client_id is not the one that id_token_hint was issued to")
        }
        var client: Client?
        if let id = named ?? hint?.clientID {
            client = try await clients.find(id)
            guard client != nil || named == nil else { throw OAuthError.invalidRequest("client_id is not known") }
        }
        return Asked(hint: hint, client: client, returnURI: try returnURI(parameters, client: client), fields: fields)
    }

    private func readHint(_ parameters: OAuthProtocol.Parameters, now: Date) async throws -> IDTokenHint.Content? {
        guard let text = try parameters.optional("id_token_hint", bytesMax: 16_384) else { return nil }
        return try await IDTokenHint(issuer: settings.issuer, keys: keys).read(text, now: now)
    }

    /// §3: "MUST NOT perform post-logout redirection if the post_logout_redirect_uri value supplied does not exactly match".
    private func returnURI(_ parameters: OAuthProtocol.Parameters, client: Client?) throws -> String? {
        guard let uri = try parameters.optional("post_logout_redirect_uri") else { return nil }
        guard let client else { throw OAuthError.invalidRequest("post_logout_redirect_uri needs id_token_hint or client_id") }
        guard let registered = client.metadata.postLogoutRedirectURIs.first(where: { $0.text == uri }) else {
            throw OAuthError.invalidRequest("post_logout_redirect_uri is not registered for this client")
        }
        return registered.appending(try parameters.optional("state").map { [("state", $0)] } ?? [])
    }
}
