import Testing

@testable import GatehouseServer

@Suite struct SettingsRulesTests {
    @Test(arguments: [
        "http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "https://id.example.com",
        "https://id.example.com:8443", "https://127.0.0.1",
    ])
    func `an issuer is https, or http on this machine`(issuer: String) throws {
        #expect(try GatehouseSettings.parse("issuer: \"\(issuer)\"").issuer == issuer)
    }

    @Test(arguments: [
        "http://id.example.com", "http://127.0.0.1.example.com", "http://localhost.example", "https://id.example.com/",
        "https://id.example.com?a",
        "https://id.example.com#a", "https://id.example.com/auth", "ftp://localhost", "id.example.com", "https://", "https://:80",
        "https://u:p@id.example.com", "https://id.example.com:99999", "https://id.example.com:", "https://[::1", "https://[x]",
        "https://ü.example",
        "http://127.0.0.999", "http://127.0.1", "http://gate.localhost", "https://ID.example.com", "https://id.example.com:443",
        "https://id.example.com:+80", "https://.a", "https://a\\\\b",
    ])
    func `anything else is no issuer`(issuer: String) {
        #expect(places("issuer: \"\(issuer)\"") == ["1 issuer"])
    }

    @Test func `outside local mode an http issuer is refused`() {
        #expect(problems("issuer: http://localhost:8080", environment: productionEnvironment).map(\.path) == ["issuer"])
        #expect(problems("local: true\nissuer: http://localhost:8080", environment: productionEnvironment).isEmpty)
    }

    @Test func `lifetimes fit into each other`() {
        #expect(problems("sessions: { idle: 2d, absolute: 1d }").map(\.path) == ["sessions.idle"])
        #expect(problems("tokens: { refresh: 100d }").map(\.path) == ["tokens.refresh"])
        #expect(problems("tokens: { code: 11m }").map(\.path) == ["tokens.code"])
        #expect(problems("tokens: { grace: 6m }").map(\.path) == ["tokens.grace"])
        #expect(problems("tokens: { access_algorithm: HS256 }").map(\.path) == ["tokens.access_algorithm"])
    }

    @Test func `cheap password hashes are for local mode`() {
        let cheap = "passwords: { memory_kib: 64, iterations: 1 }"
        #expect(problems(cheap).isEmpty)
        #expect(problems(production + cheap, environment: productionEnvironment).map(\.path) == ["passwords.memory_kib"])
        let slow = "passwords: { memory_kib: 7168, iterations: 5 }"
        #expect(problems(production + slow, environment: productionEnvironment).isEmpty)
        #expect(problems("passwords: { memory_kib: 64, parallelism: 9 }").map(\.path) == ["passwords.memory_kib"])
    }

    @Test func `a direct address needs a database`() {
        #expect(problems("database: { direct_url: postgres://db }").map(\.path) == ["database.direct_url"])
    }

    @Test func `resources are looked for beside the program, above it, and where one stands`() {
        let places = ResourcesDirectory.candidates(executable: "/opt/g/bin/gatehouse", workingDirectory: "/w")
        #expect(places == ["/opt/g/share/gatehouse", "/opt/g/bin", "/opt/g", "/opt", "/w"])
        let found = ResourcesDirectory.find(executable: "/c/.build/debug/gatehouse", workingDirectory: "/w") {
            $0.hasPrefix("/c/M") || $0.hasPrefix("/c/T")
        }
        #expect(found == "/c")
        #expect(ResourcesDirectory.find(executable: "/x", workingDirectory: "/w") { _ in false } == nil)
    }
}
