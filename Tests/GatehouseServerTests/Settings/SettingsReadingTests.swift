import Testing

@testable import GatehouseServer

@Suite struct SettingsReadingTests {
    @Test func `all problems are reported at once, in the order of the lines`() {
        let yaml = """
            nmae: Gate
            listen:
              port: 70000
              adress: 0.0.0.0
            tokens:
              code: 1h
              access: soon
            clients:
              - client_id: a
                grant_types: [password]
                redirect_uris: ["https://a.example/cb"]
            users: [7]
            """
        #expect(
            places(yaml) == [
                "1 nmae", "3 listen.port", "4 listen.adress", "6 tokens.code", "7 tokens.access", "10 clients[0].grant_types[0]",
                "12 users[0]", "12 users[0].username", "12 users[0].password",
            ])
    }

    @Test func `a problem names file, line and path in one plain sentence`() throws {
        let problem = try #require(problems("\nlisten:\n  port: eighty").first)
        #expect(problem.description == "gatehouse.yaml:3: listen.port: must be a whole number from 0 to 65535")
        #expect(
            SettingsProblems([problem, problem]).description
                == "2 problems in the settings:\n  \(problem)\n  \(problem)")
    }

    @Test func `an unknown key suggests the nearest one`() {
        #expect(problems("sessions: { per_user_mx: 3 }").map(\.message) == ["no setting has this name (did you mean per_user_max?)"])
        #expect(problems("zzzzzzzz: 3").map(\.message) == ["no setting has this name"])
    }

    @Test(arguments: [
        ("listen: 8080", "1 listen"), ("listen: [1]", "1 listen"), ("listen: { port: [1] }", "1 listen.port"),
        ("listen: { port: 1.5 }", "1 listen.port"), ("listen: { port: -1 }", "1 listen.port"), ("listen: { port: 0x50 }", "1 listen.port"),
        ("listen: { port: }", "1 listen.port"), ("listen: { port: ~ }", "1 listen.port"), ("local: yes", "1 local"),
        ("local: 1", "1 local"), ("name: { a: b }", "1 name"), ("name: \"\"", "1 name"), ("clients: { client_id: a }", "1 clients"),
        ("clients: a", "1 clients"), ("- a", "1"), ("just words", "1"), ("? [a]\n: b", "1"), ("log: { level: loud }", "1 log.level"),
        ("name: \"a\\x07b\"", "1 name"), ("'1': a\n1: b", "2 1"),
    ])
    func `a value of the wrong type is refused at its line`(yaml: String, place: String) {
        #expect(places(yaml).contains(place))
    }

    @Test func `a list has no place in an entry of scalars`() {
        let yaml = """
            clients:
              - client_id: a
                redirect_uris: [["https://a.example/"], ~]
            """
        #expect(places(yaml) == ["3 clients[0].redirect_uris[0]", "3 clients[0].redirect_uris[1]"])
    }

    @Test func `what is listed twice is refused`() {
        let yaml = """
            clients:
              - client_id: a
                redirect_uris: ["https://a.example/", "https://a.example/"]
            """
        #expect(problems(yaml).map(\.description) == ["gatehouse.yaml:3: clients[0].redirect_uris[1]: is listed twice"])
    }

    @Test func `a key that is set twice is refused by name and without quoting the file`() throws {
        let all = problems("name: a\nlisten: { port: 1 }\nname: hush-hush")
        let problem = try #require(all.first)
        #expect(all.count == 1)
        #expect(problem.message == "set more than once: name")
        #expect(!problem.description.contains("hush"))
    }

    @Test func `text that is no YAML is refused with its line and without quoting it`() throws {
        let problem = try #require(problems("name: a\nlisten: { port: hush-hush\n  ]: x").first)
        #expect(problem.location?.hasPrefix("gatehouse.yaml:") == true)
        #expect(!problem.description.contains("hush"))
        #expect(!problems("name: a\n---\nname: b").isEmpty)
        #expect(!problems("name: *nobody").isEmpty)
        #expect(!problems("name: \"\u{1}\"").isEmpty)
    }

    @Test func `scalars are taken as written, so that YAML's retyping changes no text`() throws {
        let yaml = """
            name: no
            users:
              - username: "007"
                password: { plain: 1234 }
                phone_number: +442079460815
                birthdate: 1815-12-10
                address: { postal_code: 01234 }
            """
        let settings = try GatehouseSettings.parse(yaml)
        #expect(settings.name == "no")
        #expect(settings.users[0].phoneNumber == "+442079460815")
        #expect(settings.users[0].birthdate == "1815-12-10")
        #expect(settings.users[0].address?.postalCode == "01234")
    }

    @Test func `an empty section or list is as good as none`() throws {
        let settings = try GatehouseSettings.parse("listen:\nclients:\nusers: []\nsessions: {}\n")
        #expect(settings.listen.port == 8080)
        #expect(settings.clients.isEmpty)
    }

    @Test func `anchors may be used for what repeats`() throws {
        let yaml = """
            clients:
              - { client_id: a, redirect_uris: &home ["https://a.example/"] }
              - { client_id: b, redirect_uris: *home }
            """
        #expect(try GatehouseSettings.parse(yaml).clients[1].redirectURIs.map(\.text) == ["https://a.example/"])
    }

    @Test func `a file that can't be read, or isn't text, is one problem`() throws {
        #expect(throws: SettingsProblems.self) { try GatehouseSettings.load(file: "/nonexistent/gatehouse.yaml", environment: [:]) }
        #expect(throws: SettingsProblems.self) { try GatehouseSettings.load(file: "/", environment: [:]) }
        #expect(throws: SettingsProblems.self) { try GatehouseSettings.load(file: "/proc/self/exe", environment: [:]) }
    }

    @Test(arguments: [("0s", 0), ("30s", 30), ("15m", 900), ("1h", 3_600), ("24h", 86_400), ("7d", 604_800), ("90s", 90)])
    func `durations are whole numbers of one unit`(text: String, seconds: Int) throws {
        let duration = try SettingsDuration.parse(text)
        #expect(duration == .seconds(seconds))
        #expect(try SettingsDuration.parse(SettingsDuration.format(duration)) == duration)
    }

    @Test(arguments: ["", "s", "30", "1.5h", "-1s", "+1s", "1h30m", "1 h", "1w", "٣s", "999999999999999999d", "1H", "100000d"])
    func `anything else is no duration`(text: String) {
        #expect(throws: SettingsRefusal.self) { try SettingsDuration.parse(text) }
    }
}
