import Testing

@testable import GatehouseServer

@Suite struct SettingsSecretsTests {
    private let digest = String(repeating: "0f", count: 32)

    private func client(_ lines: String) -> String {
        production + "clients:\n  - client_id: a\n    redirect_uris: [\"https://a.example/\"]\n    \(lines)\n"
    }

    private func problemsOfClient(_ lines: String, variables: [String: String] = [:]) -> [String] {
        problems(client(lines), environment: productionEnvironment.merging(variables) { $1 }).map(\.path)
    }

    @Test func `a client's secret comes from a variable or as a digest`() throws {
        let long = String(repeating: "s", count: 32)
        let settings = try GatehouseSettings.parse(
            client("secret: { env: SECRET }"), environment: productionEnvironment.merging(["SECRET": long]) { $1 })
        guard case .text(let secret) = settings.clients[0].secret else {
            Issue.record("the secret comes from the variable")
            return
        }
        #expect(secret.text == long)
        #expect(settings.clients[0].authentication == .clientSecretBasic)
        let hashed = try GatehouseSettings.parse(client("secret_sha256: \(digest)"), environment: productionEnvironment)
        guard case .sha256(let bytes) = hashed.clients[0].secret else {
            Issue.record("the secret is a digest")
            return
        }
        #expect(bytes == [UInt8](repeating: 0x0F, count: 32))
    }

    @Test func `outside local mode a short or readable secret is refused`() {
        let short = String(repeating: "s", count: 31)
        #expect(problemsOfClient("secret: { env: SECRET }", variables: ["SECRET": short]) == ["clients[0].secret.env"])
        #expect(problemsOfClient("secret: { env: SECRET }") == ["clients[0].secret.env"])
        #expect(problemsOfClient("secret: { plain: \(short)s }") == ["clients[0].secret.plain"])
        #expect(problemsOfClient("secret: \(short)s") == ["clients[0].secret"])
        #expect(problemsOfClient("secret_sha256: abc") == ["clients[0].secret_sha256"])
        #expect(problemsOfClient("secret_sha256: \(digest.dropLast())g") == ["clients[0].secret_sha256"])
        #expect(problemsOfClient("secret: { env: 9-9 }") == ["clients[0].secret.env"])
    }

    @Test func `two forms of one secret are refused`() {
        let long = ["SECRET": String(repeating: "s", count: 32)]
        #expect(
            problemsOfClient("secret: { env: SECRET }\n    secret_sha256: \(digest)", variables: long) == ["clients[0].secret_sha256"])
        #expect(problemsOfClient("secret: { env: SECRET, sha256: \(digest) }", variables: long) == ["clients[0].secret.sha256"])
    }

    @Test func `outside local mode a readable or short password is refused`() {
        let user = production + "users:\n  - username: a\n"
        #expect(
            problems(user + "    password: { plain: correct horse }", environment: productionEnvironment).map(\.path)
                == ["users[0].password.plain"])
        let short = productionEnvironment.merging(["PASSWORD": "1234567"]) { $1 }
        #expect(problems(user + "    password: { env: PASSWORD }", environment: short).map(\.path) == ["users[0].password.env"])
        #expect(problems(user + "    password_hash: abc", environment: productionEnvironment).map(\.path) == ["users[0].password_hash"])
        #expect(problems(user, environment: productionEnvironment).map(\.path) == ["users[0].password"])
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
        #expect(problems(user + "    password_hash: \(hash)", environment: productionEnvironment).isEmpty)
        #expect(problems(user + "    password_hash: \(hash)\n    password: { env: HOME }", environment: productionEnvironment).count > 0)
    }

    @Test func `master keys come from the environment or a file of their own`() throws {
        #expect(problems("master_keys: \"\(masterKeys)\"").map(\.path) == ["master_keys"])
        #expect(problems("", environment: ["GATEHOUSE_MASTER_KEYS": "1:AAAA"]).map(\.path) == ["master_keys"])
        #expect(problems("master_key_file: /k", environment: ["GATEHOUSE_MASTER_KEYS": masterKeys]).map(\.path) == ["master_key_file"])
        guard case .given(let keys) = try GatehouseSettings.parse("", environment: ["GATEHOUSE_MASTER_KEYS": masterKeys]).masterKeys,
            case .file("/k") = try GatehouseSettings.parse("master_key_file: /k").masterKeys
        else {
            Issue.record("given and file")
            return
        }
        #expect(keys.text == masterKeys)
        let two = masterKeys + ",old:" + masterKeys.dropFirst(2)
        #expect(problems("", environment: ["GATEHOUSE_MASTER_KEYS": two]).isEmpty)
        #expect(problems("", environment: ["GATEHOUSE_MASTER_KEYS": two + ","]).count == 1)
    }

    @Test func `initial access tokens are long, and only where they are asked for`() throws {
        let token = production + "registration:\n  mode: token\n  initial_access_tokens: "
        #expect(problems(token + "[{ sha256: \(digest) }]", environment: productionEnvironment).isEmpty)
        #expect(!problems(token + "[{}]", environment: productionEnvironment).isEmpty)
        #expect(problems(token + "[]", environment: productionEnvironment).map(\.path) == ["registration.mode"])
        let short = productionEnvironment.merging(["TOKEN": "short"]) { $1 }
        #expect(!problems(token + "[{ env: TOKEN }]", environment: short).isEmpty)
        #expect(
            problems("registration: { initial_access_tokens: [{ sha256: \(digest) }] }").map(\.path) == [
                "registration.initial_access_tokens"
            ])
    }

    @Test func `secrets print as dots wherever they turn up`() {
        let secret = SecretText("hush")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\(DeclaredSecret.text(secret))", "\(DeclaredPassword.text(secret))"]
        {
            #expect(!text.contains("hush"))
            #expect(text.contains("••••"))
        }
    }
}
