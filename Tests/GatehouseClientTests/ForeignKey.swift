import Crypto
import OAuthProtocol

/// A key of the tests' own that signs tokens with any header.
struct ForeignKey: Sendable {
    let id: String
    private let key: P256.Signing.PrivateKey

    init(_ id: String = "k1") {
        self.id = id
        key = P256.Signing.PrivateKey()
    }

    var jwk: JWK {
        let point = Array(key.publicKey.x963Representation)
        return JWK(.p256(x: Array(point[1..<33]), y: Array(point[33...])), keyID: id, algorithm: "ES256")
    }

    /// - Parameter header: replaces members of a good header; nil takes one out.
    func sign(_ claims: JSONValue, header changes: [String: JSONValue?] = [:]) throws -> String {
        let input = Self.input(claims, ["alg": "ES256", "kid": .string(id)], changes)
        return input + "." + Base64URL.encode(try key.signature(for: Array(input.utf8)).rawRepresentation)
    }

    /// `alg: none`: no signature at all.
    static func unsigned(_ claims: JSONValue) -> String {
        input(claims, ["alg": "none"], [:]) + "."
    }

    /// HMAC with what everybody may know: the published key.
    func signedWithPublicKey(_ claims: JSONValue) -> String {
        let input = Self.input(claims, ["alg": "HS256", "kid": .string(id)], [:])
        let secret = SymmetricKey(data: key.publicKey.x963Representation)
        return input + "." + Base64URL.encode(HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: secret))
    }

    private static func input(_ claims: JSONValue, _ header: [String: JSONValue], _ changes: [String: JSONValue?]) -> String {
        var header = header
        header["typ"] = "at+jwt"
        for (name, value) in changes { header[name] = value }
        return Base64URL.encode(JSONValue.object(header).encoded()) + "." + Base64URL.encode(claims.encoded())
    }
}
