import Foundation
import Testing

@testable import GatehouseServer

@Suite struct SettingsDefaultsTests {
    @Test func `without a file and without variables the settings are local and complete`() throws {
        let settings = try GatehouseSettings.load(file: nil, environment: [:])
        #expect(settings.local)
        #expect(settings.issuer == "http://localhost:8080")
        #expect(settings.listen.address == "127.0.0.1")
        #expect(settings.database.url == nil)
        #expect(settings.dataDirectory == ".gatehouse")
        #expect(settings.tokens.code == .seconds(60))
        #expect(settings.tokens.access == .hours(1))
        #expect(settings.tokens.refresh == .days(7))
        #expect(settings.tokens.grace == .seconds(30))
        #expect(settings.tokens.accessAlgorithm == .es256)
        #expect(settings.passwords.memoryKiB == 19_456)
        #expect(settings.registration.mode == .off)
        #expect(settings.clients.isEmpty)
        guard case .generated(".gatehouse/master.key") = settings.masterKeys else {
            Issue.record("local mode generates its master key")
            return
        }
    }

    @Test func `the default issuer follows the port`() throws {
        let settings = try GatehouseSettings.load(file: nil, environment: ["GATEHOUSE_LISTEN_PORT": "9999"])
        #expect(settings.issuer == "http://localhost:9999")
    }

    @Test func `a database of one's own ends local mode, which then asks for issuer and master keys`() {
        let problems = problems("", environment: ["GATEHOUSE_DATABASE_URL": "postgres://db/gatehouse"])
        #expect(problems.map(\.path).sorted() == ["issuer", "master_keys"])
    }

    @Test func `local mode may be kept with a database of one's own`() throws {
        let settings = try GatehouseSettings.parse("local: true\ndatabase: { url: postgres://db/gatehouse }")
        #expect(settings.local)
        #expect(settings.database.url?.text == "postgres://db/gatehouse")
    }

    @Test func `an address in a file counts as one that is given`() throws {
        let byFile = ["GATEHOUSE_DATABASE_URL_FILE": "/run/secrets/url", "GATEHOUSE_MASTER_KEYS": masterKeys]
        let settings = try GatehouseSettings.parse(production, environment: byFile)
        #expect(!settings.local)
        #expect(settings.database.urlFile == "/run/secrets/url")
        #expect(problems(production, environment: byFile.merging(productionEnvironment) { $1 }).map(\.path) == ["database.url_file"])
        #expect(problems("database: { url_file: a, direct_url: b }\nlocal: true").isEmpty)
    }

    @Test func `the first line of the address file counts, and without one the start ends`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "gatehouse-address-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let settings = try GatehouseSettings.parse("local: true\ndatabase: { url_file: \(path) }").database
        #expect(throws: DeploymentError.self) { try DatabaseAddressFile.read(settings, workingDirectory: "/") }
        try "\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: DeploymentError.self) { try DatabaseAddressFile.read(settings, workingDirectory: "/") }
        try "postgres://db/gatehouse\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try DatabaseAddressFile.read(settings, workingDirectory: "/")?.text == "postgres://db/gatehouse")
    }

    @Test func `the demo settings are free of problems`() throws {
        let settings = try GatehouseSettings.load(file: demoFile, environment: [:])
        #expect(settings.issuer == "http://localhost:8080")
        #expect(settings.clients.map(\.clientID) == ["demo", "demo-spa", "demo-service"])
        #expect(settings.clients[0].redirectURIs.map(\.text) == ["http://127.0.0.1:8081/callback"])
        #expect(settings.clients[0].isConfidential)
        #expect(!settings.clients[1].isConfidential)
        #expect(settings.clients[1].applicationType == .native)
        #expect(settings.clients[2].grantTypes == [.clientCredentials])
        #expect(settings.users.map(\.username) == ["ada", "admin"])
        #expect(settings.users[0].address?.postalCode == "SW1Y 4JH")
        #expect(settings.users[0].address?.formatted?.contains("\n") == true)
        #expect(settings.users[1].roles == ["admin"])
        #expect(settings.resources[0].scopes.map(\.name) == ["notes:read", "notes:write"])
        #expect(settings.registration.mode == .open)
    }

    @Test func `the settings for production need nothing but their variables`() throws {
        let settings = try GatehouseSettings.load(
            file: productionFile,
            environment: [
                "GATEHOUSE_DATABASE_URL": "postgres://db/gatehouse",
                "GATEHOUSE_MASTER_KEYS": masterKeys,
                "PORTAL_CLIENT_SECRET": String(repeating: "s", count: 44),
            ])
        #expect(!settings.local)
        #expect(settings.issuer == "https://id.example.com")
    }
}
