import Testing
import Yams

@testable import GatehouseServer

@Suite struct SettingsPrintTests {
    private let secrets = [
        "GATEHOUSE_DATABASE_URL": "postgres://gate:hush1@db/gatehouse",
        "GATEHOUSE_DATABASE_DIRECT_URL": "postgres://gate:hush2@db/gatehouse",
        "GATEHOUSE_MASTER_KEYS": masterKeys, "SECRET": "hush3-" + String(repeating: "s", count: 32), "PASSWORD": "hush4-hush4",
    ]

    private let yaml = """
        issuer: https://id.example.com
        name: "Ada's \\"house\\": № 1 # one"
        clients:
          - client_id: a
            secret: { env: SECRET }
            redirect_uris: ["https://a.example/?x=1&y=%5B2%5D", "https://b.example/"]
          - client_id: b
            secret_sha256: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
            redirect_uris: ["https://a.example/"]
        users:
          - username: ada
            password: { env: PASSWORD }
            address: { formatted: "a\\nb" }
        """

    @Test func `no secret is printed`() throws {
        let printed = try GatehouseSettings.parse(yaml, environment: secrets).printed()
        for secret in ["hush", "0f0f", masterKeys.dropFirst(2).description] {
            #expect(!printed.contains(secret))
        }
        #expect(printed.contains("url: \"••••\"  # from GATEHOUSE_DATABASE_URL"))
        #expect(printed.contains("master_keys: \"••••\"  # from GATEHOUSE_MASTER_KEYS"))
        #expect(printed.contains("secret_sha256: \"••••\""))
        #expect(printed.contains("env: SECRET"))
    }

    @Test func `readable secrets of local mode aren't printed either`() throws {
        let printed = try GatehouseSettings.load(file: demoFile, environment: [:]).printed()
        #expect(!printed.contains("analytical-engine"))
        #expect(!printed.contains("demo-secret"))
        #expect(printed.contains("plain: \"••••\""))
    }

    @Test func `values carry where they come from`() throws {
        let printed = try GatehouseSettings.parse("listen: { address: 0.0.0.0 }", environment: ["GATEHOUSE_LISTEN_PORT": "81"]).printed()
        #expect(printed.contains("listen:\n  address: \"0.0.0.0\"\n  port: 81  # from GATEHOUSE_LISTEN_PORT\n"))
        #expect(printed.contains("name: Gatehouse  # default\n"))
    }

    @Test func `what is printed is YAML that says the same`() throws {
        let printed = try GatehouseSettings.parse(yaml, environment: secrets).printed()
        let node = try #require(try Yams.compose(yaml: printed))
        #expect(node["name"]?.string == "Ada's \"house\": № 1 # one")
        #expect(node["clients"]?[0]?["redirect_uris"]?[0]?.string == "https://a.example/?x=1&y=%5B2%5D")
        #expect(node["clients"]?[1]?["client_id"]?.string == "b")
        #expect(node["users"]?[0]?["address"]?["formatted"]?.string == "a\nb")
        #expect(node["tokens"]?["code"]?.string == "60s" || node["tokens"]?["code"]?.string == "1m")
    }

    @Test func `printing once more changes nothing`() throws {
        let once = try GatehouseSettings.load(file: demoFile, environment: [:]).printed()
        let twice = try GatehouseSettings.parse(once).printed()
        let bare = { (text: String) in
            text.split(separator: "\n").map { String($0.prefix(upTo: $0.firstRange(of: "  #")?.lowerBound ?? $0.endIndex)) }
        }
        #expect(bare(once) == bare(twice))
    }

    @Test(arguments: [
        "true", "No", "1", "1.5", "~", "- a", "a: b", "a #b", "@a", "ü", "a b", "", "x:", "null", "\u{7F}", "\"", "\\", "a\u{1F}",
    ])
    func `what YAML could misread is quoted`(text: String) throws {
        let quoted = SettingsOutline.quoted(text)
        #expect(quoted.hasPrefix("\""))
        #expect(try Yams.compose(yaml: "k: \(quoted)")?["k"]?.string == text)
    }
}
