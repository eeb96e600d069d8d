import FoundationEssentials
import HTTPTypes
import Hummingbird
import Keys
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

@testable import Gateway

/// What a sign-in at the door carries in `state` is worth something at its own origin, for a while, in the browser that began it.
@Suite struct DoorSignInStateTests {
    private static let origin = "https://app.example.org"

    private let masterKeys: MasterKeys
    private let clock = ManualClock()

    init() throws {
        masterKeys = try MasterKeys(parsing: "a:" + Base64.encode(Array(repeating: 1, count: 32)))
    }

    private func browser() -> BrowserBinding {
        let head = HTTPRequest(method: .get, scheme: "https", authority: "app.example.org", path: "/")
        let request = Request(head: head, body: RequestBody(buffer: .init()))
        return BrowserBinding.readOrCreate(request, site: Site(issuer: Self.origin), randomness: SystemRandomness())
    }

    private func begin(_ browser: BrowserBinding, _ target: String = "/page") throws -> DoorSignIn {
        try DoorSignIn.begin(
            returnTarget: target, origin: Self.origin, browser: browser, masterKeys: masterKeys, randomness: SystemRandomness(),
            now: clock.now)
    }

    private func resume(_ begun: DoorSignIn, _ browser: BrowserBinding?, origin: String = origin) throws -> DoorSignIn {
        try DoorSignIn.resume(state: begun.state, origin: origin, browser: browser, masterKeys: masterKeys, now: clock.now)
    }

    @Test func `what was begun goes on, with the same verifier and nonce`() throws {
        let own = browser()
        let begun = try begin(own)
        let resumed = try resume(begun, own)
        #expect(resumed.returnTarget == "/page")
        #expect(resumed.codeVerifier == begun.codeVerifier && resumed.nonce == begun.nonce)
        #expect(begun.codeVerifier != begun.nonce)
    }

    @Test(arguments: ["https://other.example.org", "http://app.example.org", "https://app.example.org:8443", ""])
    func `a state is of its own origin only`(origin: String) throws {
        let own = browser()
        let begun = try begin(own)
        #expect(throws: OAuthError.self) { try resume(begun, own, origin: origin) }
    }

    @Test func `a state is good for a quarter of an hour`() throws {
        let own = browser()
        let begun = try begin(own)
        clock.advance(by: DoorSignIn.lifetime - .seconds(1))
        #expect(throws: Never.self) { try resume(begun, own) }
        clock.advance(by: .seconds(1))
        #expect(throws: OAuthError.self) { try resume(begun, own) }
    }

    @Test func `a state is of the browser that began it`() throws {
        let begun = try begin(browser())
        for other in [nil, browser()] { #expect(throws: OAuthError.self) { try resume(begun, other) } }
    }

    @Test func `another sign-in, or the same in another browser, has another verifier and nonce`() throws {
        let own = browser()
        let begun = try [begin(own), begin(own), begin(browser())]
        #expect(Set(begun.map(\.codeVerifier)).count == 3)
        #expect(Set(begun.map(\.nonce)).count == 3)
        // Two browsers for which chance made the same id: what is derived still tells them apart.
        let alike = try [own, browser()].map { browser in
            try DoorSignIn.begin(
                returnTarget: "/", origin: Self.origin, browser: browser, masterKeys: masterKeys, randomness: SameRandomness(),
                now: clock.now)
        }
        #expect(alike[0].codeVerifier != alike[1].codeVerifier && alike[0].nonce != alike[1].nonce)
    }

    @Test func `a place that leads elsewhere is none when a state comes back, either`() throws {
        let own = browser()
        for target in ["https://evil.example/", "//evil.example", "/gateway/sign-out"] {
            #expect(try resume(try begin(own, target), own).returnTarget == "/")
        }
    }

    @Test func `what can't be returned to doesn't travel`() async throws {
        try await DoorExample.run([DoorExample.rule("app.example.org", browsers: true)]) { door async throws in
            let browser = DoorBrowser(door)
            func length(_ target: String) async throws -> Int {
                let query = Parameters.encode([("return", target)])
                return try #require(try await browser.gateway(.get, "/gateway/sign-in?" + query).headers[.location]).utf8.count
            }
            #expect(try await length("/" + String(repeating: "a", count: 2_048)) == length("/"))
            #expect(try await length("/page") > length("/"))
        }
    }
}

/// Always the same bytes.
private struct SameRandomness: Randomness {
    func bytes(_ count: Int) -> [UInt8] { Array(repeating: 7, count: count) }
}
