import Accounts
import FoundationEssentials
import GatehouseServer
import HTTPTypes
import HummingbirdTesting
import OAuth
import OAuthProtocol
import Runtime
import Web

/// What clients and services ask the machine endpoints, in one call each.
extension TestServer {
    package typealias Credentials = (id: String, secret: String)

    /// - Parameter proof: of DPoP.
    package func token(
        _ fields: [(String, String)], basic: Credentials? = ("app", "app-secret"), certificates: [[UInt8]] = [], proof: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [:]
        if let proof { headers[.dpop] = proof }
        return try await post("/oauth2/token", fields, basic: basic, headers: headers, certificates: certificates)
    }

    /// An access token in a client's own name.
    package func clientToken(scope: String? = nil, basic: Credentials = ("app", "app-secret")) async throws -> String {
        let answer = try await token([("grant_type", "client_credentials")] + (scope.map { [("scope", $0)] } ?? []), basic: basic)
        guard let token = answer.json["access_token"]?.string else { throw TestFormError(description: "no token: \(answer.text)") }
        return token
    }

    package func introspect(_ token: String, basic: Credentials? = ("app", "app-secret")) async throws -> TestResponse {
        try await post("/oauth2/introspect", [("token", token)], basic: basic)
    }

    package func isActive(_ token: String, basic: Credentials = ("app", "app-secret")) async throws -> Bool? {
        try await introspect(token, basic: basic).json["active"]?.bool
    }

    @discardableResult
    package func revoke(_ token: String, basic: Credentials? = ("app", "app-secret")) async throws -> TestResponse {
        try await post("/oauth2/revoke", [("token", token)], basic: basic)
    }

    package func userInfo(_ token: String, certificates: [[UInt8]] = []) async throws -> TestResponse {
        try await get("/oauth2/userinfo", headers: [.authorization: "Bearer \(token)"], certificates: certificates)
    }

    /// As ``userInfo(_:certificates:)``, for a token that is bound to a key.
    package func userInfo(_ token: String, _ prover: TestProver, certificates: [[UInt8]] = []) async throws -> TestResponse {
        let path = "/oauth2/userinfo"
        let proof = try prover.proof("GET", Self.issuer + path, token: token, now: clock.now)
        return try await get(path, headers: [.authorization: "DPoP \(token)", .dpop: proof], certificates: certificates)
    }

    /// One exchange with a body of JSON.
    package func sendJSON(
        _ method: HTTPRequest.Method, _ uri: String, _ body: JSONValue, bearer: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let bearer { headers[.authorization] = "Bearer \(bearer)" }
        return try await send(method, uri, headers: headers, body: body.encoded())
    }

    /// Verifies a token of ours as a stranger would: with the keys that are published, after the header that it carries.
    /// - Returns: header and claims.
    package func verified(_ token: String, type: String, audience: String? = nil) async throws -> (header: JSONValue, claims: JSONValue) {
        let keys = try JWKSet(parsing: try await get("/oauth2/jwks").body.readableBytesView)
        let claims = try await JWTVerification(types: [type], issuer: Self.issuer, audience: audience).verify(
            token, key: { header in try VerificationKey(try keys.require(for: header)) }, now: clock.now)
        return (try Self.part(0, of: token), claims)
    }

    /// Disables a person as an operator does, and lets this node hear of it.
    package func disable(_ user: User) async throws {
        let now = clock.now
        try await database.transaction { transaction in
            try await UserStore(transaction).disable(user.id, now: now, accessUntil: now + OAuthSettings.accessTokenLifetimeMax)
        }
        try await wiring.revocations.load(now: now)
    }

    /// One of the three parts of a token, unverified.
    package static func part(_ index: Int, of token: String) throws -> JSONValue {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64URL.decode(parts[index]) else {
            throw TestFormError(description: "not a token: \(token)")
        }
        return try JSONValue(parsing: bytes)
    }
}

extension TestResponse {
    /// The `error` member of a refusal.
    package var errorCode: String? { json["error"]?.string }
}

extension JSONValue {
    /// The names of an object's members.
    package var memberNames: Set<String> { Set((object ?? [:]).keys) }

    /// A member that must be a text.
    package func text(_ name: String) throws -> String {
        guard let text = self[name]?.string else {
            throw TestFormError(description: "no \(name) in: \(String(decoding: encoded(), as: UTF8.self))")
        }
        return text
    }
}
