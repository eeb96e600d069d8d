import Accounts
import Crypto
import FoundationEssentials
import HummingbirdTesting
import OAuthProtocol
import TestKit
import Testing

/// What a provider's ID tokens may be signed with is for the settings to say, and which key for what is for its keys.
@Suite struct FederationAlgorithmTests {
    private static func run(
        algorithms: [String], keyAlgorithm: String? = "EdDSA", header: String = "EdDSA", hash: String? = nil,
        _ body: @escaping @Sendable (TestServer, TestResponse) async throws -> Void
    ) async throws {
        try await FederationSignInTests.run(change: { $0.algorithms = algorithms }) { server, provider, _ in
            let key = Curve25519.Signing.PrivateKey()
            let jwk = JWK(.ed25519(Array(key.publicKey.rawRepresentation)), keyID: "ed-1", algorithm: keyAlgorithm)
            provider.bend {
                $0.answers["/keys"] = { _ in TestProvider.json(["keys": [jwk.json]]) }
                $0.header = { members in
                    members["alg"] = .string(header)
                    members["kid"] = "ed-1"
                }
                $0.claims = { if let hash { $0["at_hash"] = .string(hash) } }
                $0.sign = { Array((try? key.signature(for: $0)) ?? Data()) }
            }
            try await body(server, try await server.signIn(with: provider, browser: TestBrowser(server)))
        }
    }

    @Test func `EdDSA, where the settings name it, with SHA-512 for at_hash`() async throws {
        let hash = Base64URL.encode(SHA512.hash(data: Array("access-code-1".utf8)).prefix(32))
        try await Self.run(algorithms: ["EdDSA"], hash: hash) { _, page in #expect(page.text.contains("Ada Lovelace")) }
        let other = Base64URL.encode(SHA256.hash(data: Array("access-code-1".utf8)).prefix(16))
        try await Self.run(algorithms: ["EdDSA"], hash: other) { server, page async throws in
            #expect(page.text.contains("provider_untrusted"))
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }

    @Test func `not where they don't, nor under another name, nor with a key for something else`() async throws {
        for (algorithms, keyAlgorithm, header) in [
            (["RS256", "ES256"], "EdDSA", "EdDSA"), (["EdDSA", "ES256"], "EdDSA", "ES256"), (["EdDSA"], "ES256", "EdDSA"),
            (["none", "HS256"], "EdDSA", "EdDSA"),
        ] {
            try await Self.run(algorithms: algorithms, keyAlgorithm: keyAlgorithm, header: header) { server, page async throws in
                #expect(page.text.contains("provider_untrusted"), "\(algorithms) \(keyAlgorithm) \(header)")
                #expect(try await TestRowStore(server.database).liveSessions() == 0)
            }
        }
    }

    @Test func `an ID token under an algorithm that the settings leave out is refused, however good its signature`() async throws {
        try await FederationSignInTests.run(change: { $0.algorithms = ["RS256"] }) { server, provider, _ in
            let page = try await server.signIn(with: provider, browser: TestBrowser(server))
            #expect(page.text.contains("provider_untrusted"))
            #expect(try await TestRowStore(server.database).liveSessions() == 0)
        }
    }
}
