import Crypto
import Foundation
import OAuthProtocol
import Runtime
import Synchronization
import TestKit

@testable import DemoApplication

/// An identity server of the tests' own, so that it can lie.
final class SampleProvider: Sendable {
    /// What it gets wrong.
    enum Fault: Sendable, CaseIterable {
        case discoveryOfAnother, nonce, audience, issuer, expiry, signature, accessTokenHash, unknownKey, userInfoOfAnother, tokenRefused,
            down
    }

    struct State {
        var fault: Fault?
        var nonce = ""
        var codeChallenge = ""
        var calls: [DemoCall] = []
        var tokensIssued = 0
    }

    static let issuer = "http://localhost:8080"

    let state = Mutex(State())
    private let key = P256.Signing.PrivateKey()
    private let otherKey = P256.Signing.PrivateKey()
    private let clock: ManualClock

    init(clock: ManualClock) {
        self.clock = clock
    }

    var transport: DemoTransport {
        { call in try self.answer(call) }
    }

    private func answer(_ call: DemoCall) throws -> DemoAnswer {
        let fault = state.withLock { state in
            state.calls.append(call)
            return state.fault
        }
        if fault == .down { throw CocoaError(.fileReadUnknown) }
        switch call.uri.dropFirst(Self.issuer.count) {
        case "/.well-known/openid-configuration": return json(discovery(fault))
        case "/jwks": return json(JWKSet([jwk(fault)]).json)
        case "/token": return token(call, fault)
        case "/userinfo":
            return json(["sub": fault == .userInfoOfAnother ? "mallory" : "ada-1", "name": "Ada <Lovelace>", "email": "ada@demo.example"])
        default: return DemoAnswer(status: 404, body: [])
        }
    }

    private func discovery(_ fault: Fault?) -> JSONValue {
        let issuer = Self.issuer
        return [
            "issuer": .string(fault == .discoveryOfAnother ? "http://evil.example" : issuer),
            "authorization_endpoint": .string(issuer + "/authorize"), "token_endpoint": .string(issuer + "/token"),
            "userinfo_endpoint": .string(issuer + "/userinfo"), "jwks_uri": .string(issuer + "/jwks"),
            "end_session_endpoint": .string(issuer + "/logout"), "authorization_response_iss_parameter_supported": true,
        ]
    }

    private func jwk(_ fault: Fault?) -> JWK {
        let point = [UInt8](key.publicKey.x963Representation)
        return JWK(.p256(x: Array(point[1..<33]), y: Array(point[33...])), keyID: fault == .unknownKey ? "k2" : "k1", algorithm: "ES256")
    }

    private func token(_ call: DemoCall, _ fault: Fault?) -> DemoAnswer {
        guard fault != .tokenRefused, let form = try? Parameters(urlEncoded: Array((call.body ?? "").utf8)), isProven(form) else {
            return DemoAnswer(status: 400, body: Array(#"{"error":"invalid_grant","error_description":"The code has expired."}"#.utf8))
        }
        let count = state.withLock { state in
            state.tokensIssued += 1
            return state.tokensIssued
        }
        let accessToken = "access-\(count)"
        return json([
            "access_token": .string(accessToken), "token_type": "Bearer", "expires_in": 3_600, "refresh_token": .string("refresh-\(count)"),
            "scope": "openid profile", "id_token": .string(idToken(accessToken, fault)),
        ])
    }

    private func isProven(_ form: Parameters) -> Bool {
        if let refresh = try? form.optional("refresh_token") { return refresh == "refresh-1" }
        guard let verifier = try? form.required("code_verifier"), (try? form.optional("code")) == "the-code",
            let challenge = try? CodeChallenge(s256: state.withLock { $0.codeChallenge })
        else { return false }
        return challenge.matches(verifier: verifier)
    }

    private func idToken(_ accessToken: String, _ fault: Fault?) -> String {
        let issuedAt = Int64(clock.now.numericDate) - (fault == .expiry ? 7_200 : 0)
        let claims: JSONValue = [
            "iss": .string(fault == .issuer ? "http://evil.example" : Self.issuer), "sub": "ada-1",
            "aud": .string(fault == .audience ? "other" : "demo"), "iat": .int(issuedAt), "exp": .int(issuedAt + 3_600),
            "nonce": .string(fault == .nonce ? "other" : state.withLock { $0.nonce }),
            "at_hash": .string(DemoIDToken.accessTokenHash(fault == .accessTokenHash ? "other" : accessToken)),
        ]
        let header: JSONValue = ["alg": "ES256", "kid": "k1", "typ": "JWT"]
        let input = Base64URL.encode(header.encoded()) + "." + Base64URL.encode(claims.encoded())
        let signer = fault == .signature ? otherKey : key
        guard let signature = try? signer.signature(for: Data(input.utf8)) else { return "" }
        return input + "." + Base64URL.encode(signature.rawRepresentation)
    }

    private func json(_ value: JSONValue) -> DemoAnswer { DemoAnswer(status: 200, body: value.encoded()) }
}
