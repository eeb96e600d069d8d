import FoundationEssentials
import OAuthProtocol
import Runtime
import Synchronization

/// Tokens from the token endpoint: in this service's own name, kept until shortly before they end, and for API keys.
final class TokenRequests: Sendable {
    private struct Wish: Hashable {
        let scopes: [String]
        let resource: String?
    }

    private struct State {
        var tokens: [Wish: GatehouseToken] = [:]
        var running: [Wish: Task<GatehouseToken, any Error>] = [:]
    }

    private static let wishesMax = 64
    private static let exchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let keyType = "urn:gatehouse:params:oauth:token-type:api-key"
    private static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

    private let credentials: GatehouseCredentials
    private let documents: IssuerDocuments
    private let transport: ProvenTransport
    private let options: GatehouseOptions
    private let state = Mutex(State())

    init(_ credentials: GatehouseCredentials, documents: IssuerDocuments, transport: ProvenTransport, options: GatehouseOptions) {
        self.credentials = credentials
        self.documents = documents
        self.transport = transport
        self.options = options
    }

    /// In our own name. Whoever asks for the same at the same time shares one request.
    func token(scopes: [String], resource: String?, now: Date) async throws -> GatehouseToken {
        let wish = Wish(scopes: scopes.sorted(), resource: resource)
        let task = state.withLock { state -> Task<GatehouseToken, any Error> in
            if let token = state.tokens[wish], now < token.expiresAt - options.tokenReserve { return Task { token } }
            if let running = state.running[wish] { return running }
            let task = Task { [self] in
                do {
                    let token = try await request(wish, now: now)
                    self.state.withLock { Self.keep(token, for: wish, in: &$0) }
                    return token
                } catch {
                    self.state.withLock { $0.running[wish] = nil }
                    throw error
                }
            }
            state.running[wish] = task
            return task
        }
        return try await task.value
    }

    /// Forgets a token that the server no longer accepts.
    func forget(_ token: GatehouseToken) {
        state.withLock { state in state.tokens = state.tokens.filter { $0.value.text != token.text } }
    }

    /// A short token for an API key (RFC 8693 §2.1).
    func exchange(_ key: String, scopes: [String], resource: String?, now: Date) async throws -> GatehouseToken {
        let form = [
            ("grant_type", Self.exchangeGrantType), ("subject_token", key), ("subject_token_type", Self.keyType),
            ("requested_token_type", Self.accessTokenType),
        ]
        return try await post(form + Self.limits(scopes, resource), now: now)
    }

    /// RFC 6749 §4.1.3
    func redeem(_ code: String, redirectURI: String, codeVerifier: String, now: Date) async throws -> GatehouseToken {
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI), ("code_verifier", codeVerifier),
        ]
        return try await postAsClient(form, now: now)
    }

    /// RFC 6749 §6, in the name of the client that the refresh token was issued to.
    func refresh(_ refreshToken: String, scopes: [String], now: Date) async throws -> GatehouseToken {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refreshToken)]
        return try await postAsClient(form + Self.limits(scopes, nil), renewing: refreshToken, now: now)
    }

    private func postAsClient(_ form: [(String, String)], renewing: String? = nil, now: Date) async throws -> GatehouseToken {
        switch credentials.material {
        case .none, .apiKey:
            throw GatehouseError.misconfigured("only clients get such tokens")
        case .publicClient(let clientID):
            return try await post(form + [("client_id", clientID)], renewing: renewing, now: now)
        case .secret(let clientID, let secret), .token(let clientID, let secret):
            let authorization = BasicCredentials.headerValue(clientID: clientID, clientSecret: secret)
            return try await post(form, authorization: authorization, renewing: renewing, now: now)
        }
    }

    private func request(_ wish: Wish, now: Date) async throws -> GatehouseToken {
        switch credentials.material {
        case .none, .publicClient:
            throw GatehouseError.misconfigured("a token of one's own needs credentials")
        case .apiKey(let key):
            return try await exchange(key, scopes: wish.scopes, resource: wish.resource, now: now)
        case .secret, .token:
            return try await postAsClient([("grant_type", "client_credentials")] + Self.limits(wish.scopes, wish.resource), now: now)
        }
    }

    /// What a token is narrowed to.
    private static func limits(_ scopes: [String], _ resource: String?) -> [(String, String)] {
        (scopes.isEmpty ? [] : [("scope", scopes.joined(separator: " "))]) + (resource.map { [("resource", $0)] } ?? [])
    }

    /// - Parameter renewing: the refresh token that stays where the answer brings no other (RFC 6749 §6).
    private func post(
        _ form: [(String, String)], authorization: String? = nil, renewing: String? = nil, now: Date
    ) async throws -> GatehouseToken {
        var call = TransportCall(method: "POST", uri: try await documents.endpoints(now: now).token)
        call.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        if let authorization { call.headers.append(("Authorization", authorization)) }
        call.body = Array(Parameters.encode(form).utf8)
        let json = try ServerAnswer.require(try await transport.send(call, now: now), options: options)
        // RFC 6749 §5.1; §7.1: a type that isn't understood must not be used. RFC 9449 §5: nor one that is less than what was asked for.
        let isBound = transport.prover != nil
        guard let text = json["access_token"]?.string, !text.isEmpty,
            json["token_type"]?.string?.lowercased() == (isBound ? "dpop" : "bearer"), let seconds = json["expires_in"]?.int, seconds > 0
        else { throw GatehouseError.unavailable("a token that can't be used") }
        return GatehouseToken(
            text: text, isBound: isBound, expiresAt: now + .seconds(min(seconds, 86_400)),
            scopes: Set((json["scope"]?.string ?? "").split(separator: " ").map(String.init)),
            refreshToken: json["refresh_token"]?.string ?? renewing)
    }

    private static func keep(_ token: GatehouseToken, for wish: Wish, in state: inout State) {
        state.running[wish] = nil
        if state.tokens.count >= wishesMax { state.tokens.removeAll() }
        state.tokens[wish] = token
    }
}
