import Crypto
import FoundationEssentials
import OAuthProtocol
import Runtime

/// A client's key of which it sends proofs (RFC 9449), and the ways in which tests spoil them.
package struct TestProver: Sendable {
    package let key: P256.Signing.PrivateKey

    package init() {
        key = P256.Signing.PrivateKey()
    }

    package var jwk: [String: JSONValue] {
        let point = Array(key.publicKey.x963Representation)
        return [
            "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(Array(point[1..<33]))),
            "y": .string(Base64URL.encode(Array(point[33...]))),
        ]
    }

    /// `jkt`
    package var thumbprint: String {
        get throws { try JWK(parsing: .object(jwk)).thumbprint }
    }

    /// - Parameters:
    ///   - token: the access token that it goes with.
    ///   - header, claims: replace members; nil leaves one out.
    package func proof(
        _ method: String = "POST", _ uri: String = TestServer.issuer + "/oauth2/token", token: String? = nil, nonce: String? = nil,
        now: Date, header: [String: JSONValue?] = [:], claims: [String: JSONValue?] = [:]
    ) throws -> String {
        var head: [String: JSONValue?] = ["typ": "dpop+jwt", "alg": "ES256", "jwk": .object(jwk)]
        head.merge(header) { _, new in new }
        var body: [String: JSONValue?] = [
            "jti": .string(Base64URL.encode(SystemRandomness().bytes(12))), "htm": .string(method), "htu": .string(uri),
            "iat": .int(Int64(now.timeIntervalSince1970)),
        ]
        if let token { body["ath"] = .some(.string(Self.hash(token))) }
        if let nonce { body["nonce"] = .some(.string(nonce)) }
        body.merge(claims) { _, new in new }
        return try sign(.object(head.compactMapValues(\.self)), .object(body.compactMapValues(\.self)))
    }

    package func sign(_ header: JSONValue, _ claims: JSONValue) throws -> String {
        let input = Base64URL.encode(header.encoded()) + "." + Base64URL.encode(claims.encoded())
        return input + "." + Base64URL.encode(Array(try key.signature(for: Array(input.utf8)).rawRepresentation))
    }

    package static func hash(_ token: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(token.utf8)))
    }
}
