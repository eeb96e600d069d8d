import Testing

@testable import OAuthProtocol

@Suite("RedirectURI")
struct RedirectURITests {
    @Test(
        "accepts https, http on loopback, and private-use schemes",
        arguments: [
            "https://app.example/cb", "https://app.example", "https://app.example:8443/cb?x=1&y=%20", "https://APP.example/cb",
            "https://app.example/a/../b", "https://app.example/%2e%2e/cb", "https://192.0.2.1/cb", "https://[2001:db8::1]/cb",
            "https://[::ffff:192.0.2.1]:8443/", "http://127.0.0.1:8081/callback", "http://127.0.0.1/cb", "http://[::1]:5000/cb",
            "http://localhost:3000/cb", "com.example.app:/oauth", "com.example.app://host/oauth", "com.Example.App:oauth",
            "com.example.app:///oauth",
        ])
    func accepted(text: String) throws {
        let uri = try RedirectURI(registering: text)
        #expect(uri.text == text)
        #expect(uri.matches(text))
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "/cb", "app.example/cb", "//app.example/cb", "http://app.example/cb", "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example/", "http://127.0.0.2/", "http://127.1/", "http://0x7f.1/", "http://2130706433/",
            "http://0177.0.0.1/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://LOCALHOST.evil/",
            "https://app.example/cb#", "https://app.example/cb#frag", "https://user@app.example/cb", "https://user:pw@app.example/cb",
            "https://app.example@evil.example/cb", "https://@app.example/", "https:///cb", "https://", "https:app.example/cb",
            "https:/app.example/cb", "https:\\\\app.example\\cb", "https://app.example\\@evil.example/",
            "https://evil.example\\.app.example/",
            " https://app.example/cb", "https://app.example/cb ", "https://app.example/c b", "https://app.example/cb\n",
            "https://app.example/\tcb", "https://app.example/cb\u{0}", "https://app.example/%00", "https://app.example/%0d%0aX:y",
            "https://app.example/%zz", "https://app.example/%", "https://äpp.example/cb", "https://app.example/é",
            "https://app%2eexample/cb",
            "https://app..example/", "https://app.example./", "https://*.app.example/", "https://app.example:/cb", "https://app.example:0/",
            "https://app.example:65536/", "https://app.example:08443/", "https://app.example:80:80/", "https://app.example:8o/",
            "https://[::1/", "https://::1/", "https://[::1]x/", "https://[:::1]/", "https://[1::2::3]/", "https://[1:2:3:4:5:6:7]/",
            "https://[1:2:3:4:5:6:7:8:9]/", "https://[fe80::1%25eth0]/", "https://[12345::]/", "https://app.example/[x]",
            "https://1.2.3/", "https://1.2.3.256/", "https://1.2.3.04/",
            "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x",
            "blob:https://app.example/x", "urn:ietf:wg:oauth:2.0:oob", "myapp://cb", "HTTPS://app.example/cb", "HTTP://127.0.0.1/",
            "1com.example:/cb", "com.example:", "com.example://", ".x:/cb", "com.:/cb", "com.example.app:/cb#x", "com.example.app://u@h/",
            "https://app.example/<x>", "https://app.example/\"", "https://app.example/`", "https://app.example/{}", "https://app.example/|",
        ])
    func refused(text: String) {
        #expect(throws: OAuthError.self) { try RedirectURI(registering: text) }
        do {
            _ = try RedirectURI(registering: text)
        } catch {
            #expect(error.code == .invalidRedirectURI)
        }
    }

    @Test("bounds the length")
    func length() throws {
        let prefix = "https://app.example/"
        let longest = prefix + String(repeating: "a", count: 2_048 - prefix.utf8.count)
        #expect(throws: Never.self) { try RedirectURI(registering: longest) }
        #expect(throws: OAuthError.self) { try RedirectURI(registering: longest + "a") }
    }

    @Test("private-use schemes are for native applications")
    func webClients() {
        #expect(throws: OAuthError.self) { try RedirectURI(registering: "com.example.app:/cb", isPublicOrNative: false) }
        #expect(throws: Never.self) { try RedirectURI(registering: "http://127.0.0.1:8081/cb", isPublicOrNative: false) }
    }

    @Test(
        "matches byte for byte",
        arguments: [
            "https://app.example/cb/", "https://app.example/cb?", "https://app.example/cb?x=1", "https://app.example:443/cb",
            "https://APP.example/cb", "https://app.example/%63b", "https://app.example/cB", "https://app.example/cb#",
            "https://app.example/",
            "http://app.example/cb", "https://app.example/x/../cb", "https://u@app.example/cb", "https://app.example/cb\u{301}", "",
        ])
    func exactMatch(presented: String) throws {
        #expect(try !RedirectURI(registering: "https://app.example/cb").matches(presented))
    }

    @Test("letters that Unicode holds equal don't match")
    func canonicalEquivalents() throws {
        #expect(try !RedirectURI(registering: "https://app.example/K").matches("https://app.example/\u{212A}"))
    }

    @Test("on a loopback address any port matches, and nothing else may differ")
    func loopbackPort() throws {
        for host in ["127.0.0.1", "[::1]"] {
            let uri = try RedirectURI(registering: "http://\(host):8000/cb?x=1")
            for port in ["", ":1", ":8000", ":65535"] { #expect(uri.matches("http://\(host)\(port)/cb?x=1")) }
            for bad in [":0", ":65536", ":", ":8000x", ":+80", ":08"] { #expect(!uri.matches("http://\(host)\(bad)/cb?x=1")) }
            for other in [
                "http://\(host):1/cb", "http://\(host):1/cb?x=1&y", "http://\(host):1/cb?x=1#", "https://\(host):1/cb?x=1",
                "http://u@\(host):1/cb?x=1", "http://localhost:1/cb?x=1", "http://\(host):1@evil.example/cb?x=1",
                "http://\(host).evil.example/cb?x=1",
            ] {
                #expect(!uri.matches(other))
            }
            #expect(uri.resolve("http://\(host):9/cb?x=1")?.origin == "http://\(host):9")
        }
        #expect(try !RedirectURI(registering: "http://localhost:8000/cb").matches("http://localhost:8001/cb"))
        #expect(try !RedirectURI(registering: "http://127.0.0.1/cb").matches("http://[::1]/cb"))
        #expect(try !RedirectURI(registering: "https://127.0.0.1:1/cb").matches("https://127.0.0.1:2/cb"))
    }

    @Test("adds parameters and keeps the query")
    func appending() throws {
        func appended(_ text: String) throws -> String {
            try RedirectURI(registering: text).appending([("code", "a b&"), ("iss", "https://x")])
        }
        let added = "code=a%20b%26&iss=https%3A%2F%2Fx"
        #expect(try appended("https://app.example/cb") == "https://app.example/cb?" + added)
        #expect(try appended("https://app.example/cb?") == "https://app.example/cb?" + added)
        #expect(try appended("https://app.example/cb?x=1") == "https://app.example/cb?x=1&" + added)
        #expect(try appended("https://app.example/cb?x=1&") == "https://app.example/cb?x=1&" + added)
        #expect(try appended("com.example.app:/cb") == "com.example.app:/cb?" + added)
        #expect(try RedirectURI(registering: "https://app.example/cb").appending([]) == "https://app.example/cb")
    }

    @Test("knows its origin")
    func origin() throws {
        #expect(try RedirectURI(registering: "https://APP.example:443/cb").origin == "https://app.example")
        #expect(try RedirectURI(registering: "https://app.example:8443/cb").origin == "https://app.example:8443")
        #expect(try RedirectURI(registering: "http://[::1]:80/cb").origin == "http://[::1]")
        let native = try RedirectURI(registering: "com.example.app:/cb")
        #expect(native.origin == nil && native.contentSecurityPolicySource == "com.example.app:")
        #expect(native.isPrivateUseScheme && !native.isLoopback && native.displayName == "com.example.app")
        #expect(try RedirectURI(registering: "http://localhost/cb").isLoopback)
        #expect(try !RedirectURI(registering: "https://localhost/cb").isLoopback)
    }
}
