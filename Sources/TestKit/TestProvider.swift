import Accounts
import Crypto
import FoundationEssentials
import OAuthProtocol
import Outbound
import Runtime
import Synchronization

/// An OpenID provider of the tests: it answers as the specifications say, or as a test bends it.
package final class TestProvider: Sendable {
    /// What a test may bend.
    package struct Bends: Sendable {
        package var metadata: @Sendable (inout [String: JSONValue]) -> Void = { _ in }
        package var claims: @Sendable (inout [String: JSONValue]) -> Void = { _ in }
        package var header: @Sendable (inout [String: JSONValue]) -> Void = { _ in }
        /// In place of the signature's input and the key.
        package var sign: (@Sendable (_ input: [UInt8]) -> [UInt8])?
        /// In place of every answer of a path.
        package var answers: [String: @Sendable (OutboundCall) async throws -> OutboundAnswer] = [:]
        package var userInfo: @Sendable (inout [String: JSONValue]) -> Void = { _ in }
    }

    private struct Grant {
        let nonce: String?
        let challenge: String?
        let redirectURI: String
        let clientID: String
        let subject: String
    }

    private struct State {
        var keys: [(id: String, key: P256.Signing.PrivateKey)]
        var grants: [String: Grant] = [:]
        var count = 0
        var requests: [(path: String, fields: [(String, String)], headers: [(name: String, value: String)])] = []
    }

    package let issuer: String
    package let host: String
    package let clientID: String
    /// Who is signed in there.
    package let person = Mutex<[String: JSONValue]>([
        "sub": "248289761001", "email": "ada@idp.example", "email_verified": true, "name": "Ada Lovelace",
        "preferred_username": "ada.lovelace",
    ])
    package let bends = Mutex(Bends())
    private let clock: any WallClock
    private let state: Mutex<State>

    package init(_ issuer: String = "https://idp.example", clientID: String = "gatehouse", clock: any WallClock = SystemClock()) {
        self.issuer = issuer
        self.clientID = clientID
        self.clock = clock
        host = (try? AbsoluteURI(parsing: issuer))?.host ?? ""
        state = Mutex(State(keys: [("key-1", P256.Signing.PrivateKey())]))
    }

    /// As the settings would declare it.
    package func declaration(_ id: String = "corp", _ change: (inout FederationProvider) -> Void = { _ in }) -> FederationProvider {
        var provider = FederationProvider(id: id, name: id.capitalized, kind: .openIDConnect, clientID: clientID)
        provider.issuer = issuer
        provider.secret = FederationSecret("an-upstream-secret")
        provider.scopes = ["openid", "email", "profile"]
        change(&provider)
        return provider
    }

    package func bend(_ change: (inout Bends) -> Void) { bends.withLock { change(&$0) } }

    package func setPerson(_ claims: [String: JSONValue?]) {
        person.withLock { person in for (name, value) in claims { person[name] = value } }
    }

    /// Signs with a new key; the old one is published no more.
    package func rotate() {
        state.withLock { $0.keys = [("key-\($0.count + 2)", P256.Signing.PrivateKey())] }
    }

    /// What was posted to the token endpoint and asked elsewhere, in order.
    package var requests: [(path: String, fields: [(String, String)], headers: [(name: String, value: String)])] {
        state.withLock { $0.requests }
    }

    // MARK: The browser at the provider

    /// The person is signed in and agrees: the address that the browser is sent back to.
    package func authorize(_ location: String?, sendsIssuer: Bool = false, code fixed: String? = nil) throws -> String {
        let asked = try Self.query(of: location)
        guard let redirectURI = try asked.optional("redirect_uri"), let sent = try asked.optional("state") else {
            throw TestFormError(description: "no authorization request: \(location ?? "-")")
        }
        let code = try fixed ?? issueCode(for: location)
        var pairs = [("code", code), ("state", sent)]
        if sendsIssuer { pairs.append(("iss", issuer)) }
        return String(redirectURI.dropFirst(TestServer.issuer.count)) + "?" + Parameters.encode(pairs)
    }

    /// A code for a request, without the way back.
    package func issueCode(for location: String?) throws -> String {
        let asked = try Self.query(of: location)
        let grant = Grant(
            nonce: try asked.optional("nonce"), challenge: try asked.optional("code_challenge"),
            redirectURI: try asked.required("redirect_uri"), clientID: try asked.required("client_id"),
            subject: person.withLock { $0["sub"]?.string ?? "" })
        return state.withLock { state in
            state.count += 1
            let code = "code-\(state.count)"
            state.grants[code] = grant
            return code
        }
    }

    package static func query(of location: String?) throws -> Parameters {
        let parts = (location ?? "").split(separator: "?", maxSplits: 1)
        return try Parameters(urlEncoded: Array((parts.count == 2 ? parts[1] : "").utf8))
    }

    // MARK: Answers

    package var answer: TestInternet.Answer {
        { [self] call in
            let path = String(call.url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }.prefix { $0 != "?" })
            if let bent = bends.withLock({ $0.answers[path] }) { return try await bent(call) }
            switch path {
            case "/.well-known/openid-configuration": return Self.json(.object(metadata))
            case "/keys": return Self.json(["keys": .array(publicKeys)])
            case "/token": return token(call)
            case "/userinfo": return userInfo(call)
            default: return OutboundAnswer(status: 404)
            }
        }
    }

    package static func json(_ json: JSONValue, status: Int = 200) -> OutboundAnswer {
        OutboundAnswer(status: status, contentType: "application/json", body: json.encoded())
    }

    private var metadata: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"),
            "jwks_uri": .string(issuer + "/keys"), "userinfo_endpoint": .string(issuer + "/userinfo"),
        ]
        let bend = bends.withLock { $0.metadata }
        bend(&members)
        return members
    }

    package var publicKeys: [JSONValue] {
        state.withLock { state in
            state.keys.map { id, key in
                let point = Array(key.publicKey.rawRepresentation)
                return JWK(.p256(x: Array(point[..<32]), y: Array(point[32...])), keyID: id, algorithm: "ES256").json
            }
        }
    }

    private func note(_ path: String, _ call: OutboundCall) -> Parameters? {
        let fields = try? Parameters(urlEncoded: call.request.body ?? [])
        state.withLock {
            $0.requests.append((path, fields?.pairs.map { ($0.name, $0.value) } ?? [], call.request.headers))
        }
        return fields
    }

    private func token(_ call: OutboundCall) -> OutboundAnswer {
        guard let fields = note("/token", call) else { return Self.json(["error": "invalid_request"], status: 400) }
        if (try? fields.optional("grant_type")) == "refresh_token" {
            return Self.json(["access_token": "fresh-access", "token_type": "Bearer", "expires_in": 3600])
        }
        let code = ((try? fields.optional("code")) ?? nil) ?? ""
        guard let grant = state.withLock({ $0.grants.removeValue(forKey: code) }),
            (try? fields.optional("redirect_uri")) == grant.redirectURI, isProven(grant, by: (try? fields.optional("code_verifier")) ?? nil)
        else { return Self.json(["error": "invalid_grant"], status: 400) }
        let accessToken = "access-\(code)"
        return Self.json([
            "access_token": .string(accessToken), "token_type": "Bearer", "expires_in": 3600, "refresh_token": .string("refresh-\(code)"),
            "id_token": .string(idToken(nonce: grant.nonce, audience: grant.clientID)),
        ])
    }

    private func isProven(_ grant: Grant, by verifier: String?) -> Bool {
        guard let challenge = grant.challenge else { return true }
        return Base64URL.encode(SHA256.hash(data: Array((verifier ?? "").utf8))) == challenge
    }

    package func idToken(nonce: String?, audience: String) -> String {
        let now = clock.now.numericDate
        var claims = person.withLock { $0 }
        claims["iss"] = .string(issuer)
        claims["aud"] = .string(audience)
        claims["iat"] = .int(Int64(now))
        claims["exp"] = .int(Int64(now + 300))
        claims["nonce"] = nonce.map(JSONValue.string)
        claims["sid"] = "upstream-session-1"
        let bend = bends.withLock { $0.claims }
        bend(&claims)
        return sign(claims)
    }

    /// Signs any claims as this provider.
    package func sign(_ claims: [String: JSONValue], type: String = "JWT") -> String {
        let (id, key) = state.withLock { $0.keys[0] }
        var header: [String: JSONValue] = ["alg": "ES256", "typ": .string(type), "kid": .string(id)]
        let bends = bends.withLock { $0 }
        bends.header(&header)
        let input = Base64URL.encode(JSONValue.object(header).encoded()) + "." + Base64URL.encode(JSONValue.object(claims).encoded())
        let signature =
            bends.sign?(Array(input.utf8)) ?? (try? key.signature(for: Array(input.utf8))).map { Array($0.rawRepresentation) } ?? []
        return input + "." + Base64URL.encode(signature)
    }

    private func userInfo(_ call: OutboundCall) -> OutboundAnswer {
        _ = note("/userinfo", call)
        var said = person.withLock { $0 }
        let bend = bends.withLock { $0.userInfo }
        bend(&said)
        return Self.json(.object(said))
    }
}
