import GatehouseClient
import Testing

@Suite struct GatehouseOptionsTests {
    private static let audience = "https://notes.example"

    @Test(
        arguments: [
            "http://id.example", "https://id.example/", "id.example", "", "https://ada@id.example", "https://id.example#x",
            "ftp://id.example",
            "http://127.0.0.1.evil.example", "http://localhost.evil.example",
        ])
    func `an issuer that is no https address is refused`(issuer: String) {
        #expect(throws: GatehouseError.self) { try GatehouseClient(issuer: issuer, audience: Self.audience) }
        var options = GatehouseOptions()
        options.address = issuer
        #expect(throws: GatehouseError.self) {
            try GatehouseClient(issuer: "https://id.example", audience: Self.audience, options: options)
        }
    }

    @Test(arguments: ["https://id.example", "https://id.example/tenant", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080"])
    func `https, and http on this machine, are addresses`(issuer: String) throws {
        #expect(try GatehouseClient(issuer: issuer, audience: Self.audience).issuer == issuer)
    }

    @Test func `values that would undo a protection are refused`() {
        let changes: [(inout GatehouseOptions) -> Void] = [
            { $0.clockTolerance = .seconds(61) }, { $0.clockTolerance = .seconds(-1) }, { $0.answerTimeMax = .zero },
            { $0.answerBytesMax = 0 },
            { $0.keysAgeMax = .seconds(90_000) }, { $0.keysAgeMax = .seconds(1) }, { $0.keysStaleMax = .seconds(90_000) },
            { $0.keysPause = .zero }, { $0.cacheAgeMax = .seconds(61) }, { $0.cacheRefusalAgeMax = .seconds(61) },
            { $0.signatureAgeMax = .seconds(3_601) }, { $0.cacheCountMax = 0 }, { $0.nonceCountMax = 0 },
            { $0.tokenReserve = .seconds(-1) },
        ]
        for change in changes {
            var options = GatehouseOptions()
            change(&options)
            #expect(throws: GatehouseError.self) {
                try GatehouseClient(issuer: "https://id.example", audience: Self.audience, options: options)
            }
        }
    }

    @Test func `credentials that can't be any are refused`() {
        for credentials in [
            GatehouseCredentials.clientSecret(id: "", secret: "x"), .clientSecret(id: "x", secret: ""), .clientToken(id: "x", secret: ""),
            .apiKey("gh_live_x"), .apiKey(""),
        ] {
            #expect(throws: GatehouseError.self) {
                try GatehouseClient(issuer: "https://id.example", audience: Self.audience, credentials: credentials)
            }
        }
        #expect(throws: GatehouseError.self) { try GatehouseClient(issuer: "https://id.example", audience: "") }
    }

    @Test func `no secret prints itself`() throws {
        let secret = "open-sesame-open-sesame-open-sesame"
        let signing = try GatehouseSigningKey.hmac(id: "k1", secret: Array(secret.utf8))
        for value: Any in [
            GatehouseCredentials.clientSecret(id: "notes", secret: secret), GatehouseCredentials.clientToken(id: "notes", secret: secret),
            GatehouseCredentials.apiKey(secret), signing, signing.verificationKey,
            GatehouseTrustedKey(signing.verificationKey, subject: "worker"),
        ] {
            for text in ["\(value)", String(reflecting: value), dumped(value)] {
                #expect(!text.contains(secret) && !text.contains("sesame"), "\(text)")
                #expect(!text.contains("111, 112, 101, 110"), "\(text)")
            }
        }
    }

    private func dumped(_ value: Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }
}
