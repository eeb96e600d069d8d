import Testing

@testable import GatehouseServer

@Suite struct SettingsOperationTests {
    @Test func `metrics are off, the log is text and nobody waits for balancers on one's own machine`() throws {
        let local = try GatehouseSettings.parse("")
        #expect(local.metrics.listen == nil)
        #expect(local.log.format == .text)
        #expect(local.shutdown.delay == .zero && local.shutdown.timeMax == .seconds(30))
        #expect(local.otherIssuers.isEmpty && local.backChannelURLs.isEmpty)
        let real = try GatehouseSettings.parse(
            "issuer: https://id.example.com", environment: ["GATEHOUSE_DATABASE_URL": "x", "GATEHOUSE_MASTER_KEYS": masterKeys])
        #expect(real.log.format == .json)
        #expect(real.shutdown.delay == .seconds(3))
        #expect(real.metrics.listen == nil)
        #expect(real.hsts.policy == "max-age=31536000")
    }

    @Test(arguments: [("127.0.0.1:9464", "127.0.0.1", 9464), ("[::1]:0", "::1", 0), ("metrics.internal:65535", "metrics.internal", 65_535)])
    func `metrics have an address and a port of their own`(_ text: String, _ address: String, _ port: Int) throws {
        let listen = try #require(try GatehouseSettings.parse("metrics: { listen: '\(text)' }").metrics.listen)
        #expect(listen.address == address && listen.port == port)
        #expect(listen.text == text)
    }

    @Test(arguments: [
        "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "::1:9464", "[]:1", "[::1:9464", "a:1x",
    ])
    func `anything else is refused`(_ text: String) {
        #expect(problems("metrics: { listen: '\(text)' }").map(\.path) == ["metrics.listen"])
    }

    @Test func `HSTS says what browsers accept`() throws {
        #expect(
            try GatehouseSettings.parse("hsts: { max_age: 730d, include_subdomains: true, preload: true }").hsts.policy
                == "max-age=63072000; includeSubDomains; preload")
        #expect(try GatehouseSettings.parse("hsts: { max_age: 0s }").hsts.policy == "max-age=0")
        #expect(problems("hsts: { preload: true }").map(\.path) == ["hsts.preload"])
        #expect(problems("hsts: { preload: true, include_subdomains: true, max_age: 30d }").map(\.path) == ["hsts.preload"])
    }

    @Test func `a node may not wait longer than it has in all`() {
        #expect(problems("shutdown: { delay: 30s, time_max: 30s }").map(\.path) == ["shutdown.delay"])
    }

    @Test func `other addresses are issuers by the same rules`() throws {
        let settings = try GatehouseSettings.parse(
            "other_issuers: ['https://login.example.org', 'http://127.0.0.1:8080']\nback_channel_urls: ['http://gatehouse:8080']")
        #expect(settings.otherIssuers == ["https://login.example.org", "http://127.0.0.1:8080"])
        #expect(settings.backChannelURLs == ["http://gatehouse:8080"])
        for wrong in ["http://login.example.org", "https://login.example.org/", "https://login.example.org/x", "login.example.org"] {
            #expect(!problems("other_issuers: ['\(wrong)']").isEmpty, "\(wrong)")
        }
        #expect(problems("issuer: http://localhost:8080\nother_issuers: ['http://localhost:8080']").map(\.path) == ["other_issuers"])
        #expect(problems("back_channel_urls: ['http://localhost:8080']").map(\.path) == ["back_channel_urls"])
        #expect(!problems("back_channel_urls: ['ftp://gatehouse:8080']").isEmpty)
        let real = ["GATEHOUSE_DATABASE_URL": "x", "GATEHOUSE_MASTER_KEYS": masterKeys]
        #expect(
            problems("issuer: https://id.example.com\nother_issuers: ['http://127.0.0.1:8080']", environment: real).map(\.path)
                == ["other_issuers"])
    }
}
