import FoundationEssentials
import HTTPTypes
import Keys
import OAuthProtocol

/// Says which client is asking, once for every endpoint that clients call (RFC 6749 §2.3).
package struct ClientAuthentication: Sendable {
    private let clients: ClientDirectory
    private let guesses: ClientGuesses

    package init(clients: ClientDirectory, guesses: ClientGuesses) {
        self.clients = clients
        self.guesses = guesses
    }

    /// - Returns: the client that has proven itself, or a public client that has named itself.
    /// - Parameter address: as limits count it; nil where nobody says.
    /// - Throws: `invalid_client`; `invalid_request` when more than one method is used; `too_many_requests` after too many wrong secrets.
    package func authenticate(_ headers: HTTPFields, _ form: Parameters, from address: String?, now: Date) async throws -> Client {
        let secretInForm = try form.optional("client_secret")
        let idInForm = try form.optional("client_id")
        // RFC 7521 §4.2: not supported yet, and never ignored.
        guard try form.optional("client_assertion_type") == nil, try form.optional("client_assertion") == nil else {
            throw OAuthError.invalidClient("client assertions are not supported", challenge: Self.challenge)
        }
        guard let header = try authorization(headers) else {
            guard let idInForm else { throw OAuthError.invalidClient("client authentication is required", challenge: Self.challenge) }
            return try await require(
                idInForm, secret: secretInForm, method: secretInForm == nil ? "none" : "client_secret_post", from: address, now: now)
        }
        // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
        guard secretInForm == nil else { throw OAuthError.invalidRequest("more than one client authentication method") }
        guard let basic = try BasicCredentials(authorization: header) else {
            throw OAuthError.invalidClient("this Authorization scheme is not supported", challenge: Self.challenge)
        }
        guard idInForm == nil || idInForm == basic.clientID else {
            throw OAuthError.invalidRequest("client_id is not the one in Authorization")
        }
        return try await require(basic.clientID, secret: basic.clientSecret, method: "client_secret_basic", from: address, now: now)
    }

    /// Every 401 carries a challenge (RFC 9110 §15.5.2).
    static let challenge = Challenge.basic(realm: "gatehouse")

    private func authorization(_ headers: HTTPFields) throws -> String? {
        let values = headers[values: .authorization]
        guard values.count <= 1 else { throw OAuthError.invalidRequest("more than one Authorization header") }
        return values.first
    }

    private func require(_ id: String, secret: String?, method: String, from address: String?, now: Date) async throws -> Client {
        // Without a secret nothing is guessed.
        if secret != nil { try guesses.judge(clientID: id, address: address, now: now) }
        let client = try await clients.find(id)
        // The same work for an unknown client as for a wrong secret; who has no secret stored is never proven by one.
        let isProven =
            secret.map { TokenHash(of: $0) == (client?.secretHash ?? Self.nobody) && client?.secretHash != nil }
            ?? (client?.isPublic ?? false)
        guard let client, isProven, client.metadata.tokenEndpointAuthMethod.rawValue == method else {
            if secret != nil { guesses.charge(clientID: id, address: address, now: now) }
            throw OAuthError.invalidClient(
                "client authentication failed",
                reason: client == nil ? "unknown client" : isProven ? "registered for another method than \(method)" : "wrong secret",
                challenge: Self.challenge)
        }
        return client
    }

    private static let nobody = TokenHash(of: "")
}
