import Foundation
import Testing

@testable import GatehouseServer

@Suite struct SettingsEnvironmentTests {
    @Test func `variables are laid over the scalars of the file`() throws {
        let settings = try GatehouseSettings.parse(
            "listen: { port: 1 }\nname: File",
            environment: [
                "GATEHOUSE_LISTEN_PORT": "9000", "GATEHOUSE_NAME": "Environment", "GATEHOUSE_TOKENS_REFRESH_ABSOLUTE": "30d",
                "GATEHOUSE_LIMITS_SIGN_IN_PER_ACCOUNT_BURST": "3", "GATEHOUSE_DATABASE_PREPARED_STATEMENTS": "false", "HOME": "/",
            ])
        #expect(settings.listen.port == 9000)
        #expect(settings.name == "Environment")
        #expect(settings.tokens.refreshAbsolute == .days(30))
        #expect(settings.limits.policies.signInPerAccount == .init(burst: 3, perMinute: 2))
        #expect(!settings.database.preparedStatements)
    }

    @Test func `a wrong value names its variable and not its text`() throws {
        let problem = try #require(problems("", environment: ["GATEHOUSE_LISTEN_PORT": "hush"]).first)
        #expect(problem.description == "GATEHOUSE_LISTEN_PORT: listen.port: must be a whole number from 0 to 65535")
    }

    @Test func `a variable set and empty is refused, lest an empty database address start a private one`() {
        #expect(
            problems("", environment: ["GATEHOUSE_DATABASE_URL": ""]).map(\.description)
                == ["GATEHOUSE_DATABASE_URL: database.url: is set and empty; give it a value or unset it"])
    }

    @Test func `an unknown variable in our name is refused with the nearest one`() {
        #expect(
            problems("", environment: ["GATEHOUSE_LISTEN_PROT": "1"]).map(\.description)
                == ["GATEHOUSE_LISTEN_PROT: no setting has this name (did you mean GATEHOUSE_LISTEN_PORT?)"])
        #expect(!problems("", environment: ["GATEHOUSE_CLIENTS": "a"]).isEmpty)
        #expect(!problems("", environment: ["GATEHOUSE_PORT": "80"]).isEmpty)
    }

    @Test func `names that tests, orchestration and the command line use are allowed`() {
        let allowed = [
            "GATEHOUSE_SETTINGS": "x", "GATEHOUSE_TEST_RECORD": "1", "GATEHOUSE_SERVICE_HOST": "10.0.0.1", "GATEHOUSE_SERVICE_PORT": "80",
            "GATEHOUSE_SERVICE_PORT_HTTP": "80", "GATEHOUSE_PORT": "tcp://10.0.0.1:80", "GATEHOUSE_PORT_80_TCP_ADDR": "10.0.0.1",
        ]
        #expect(problems("", environment: allowed).isEmpty)
    }

    @Test func `a variable that the file names is known`() throws {
        let yaml = """
            users:
              - username: a
                password: { env: GATEHOUSE_ADAS_PASSWORD }
            """
        let settings = try GatehouseSettings.parse(yaml, environment: ["GATEHOUSE_ADAS_PASSWORD": "correct horse"])
        guard case .text(let password) = settings.users[0].password else {
            Issue.record("the password comes from the variable")
            return
        }
        #expect(password.text == "correct horse")
        #expect(places(yaml) == ["3 users[0].password.env"])
        #expect(places(yaml, environment: ["GATEHOUSE_ADAS_PASSWORD": ""]) == ["3 users[0].password.env"])
    }

    @Test func `no two settings answer to one variable`() {
        let report = SettingsReport(fileName: "x", environment: SettingsEnvironment([:]))
        _ = SettingsSection.root(nil, report) { GatehouseSettings($0) }
        let names = report.environment.settingNames
        #expect(names.count > 30)
        #expect(Set(names).count == names.count)
        #expect(Set(names).isDisjoint(with: SettingsEnvironment.knownNames))
    }

    @Test func `every variable is written in docs/settings.md`() throws {
        let report = SettingsReport(fileName: "x", environment: SettingsEnvironment([:]))
        _ = SettingsSection.root(nil, report) { GatehouseSettings($0) }
        let page = try String(contentsOfFile: checkout + "/docs/settings.md", encoding: .utf8)
        for name in report.environment.settingNames {
            #expect(page.contains("`\(name)`"), "docs/settings.md does not name \(name)")
        }
    }
}
