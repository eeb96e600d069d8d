import Testing

@testable import Web

@Suite struct SiteTests {
    @Test(
        "The origin is what browsers write",
        arguments: [
            ("http://localhost:8080", "http://localhost:8080", "", false), ("https://ID.example/", "https://id.example", "", true),
            ("https://id.example:443/tenant/", "https://id.example", "/tenant", true),
            ("http://id.example:80", "http://id.example", "", false),
        ])
    func origin(issuer: String, origin: String, path: String, isSecure: Bool) {
        let site = Site(issuer: issuer)
        #expect(site.origin == origin)
        #expect(site.path == path)
        #expect(site.isSecure == isSecure)
        #expect(!site.issuer.hasSuffix("/"))
    }
}
