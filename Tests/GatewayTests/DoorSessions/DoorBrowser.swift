import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Synchronization
import TestKit
import Testing
import Web

@testable import Gateway

/// A person's browser at the protected host, behind its proxy, and at the issuer.
final class DoorBrowser: Sendable {
    let door: DoorExample
    let issuer: TestBrowser
    let origin: String
    private let cookies = Mutex<[String: String]>([:])

    init(_ door: DoorExample, origin: String = DoorExample.origin) {
        self.door = door
        self.origin = origin
        issuer = TestBrowser(door.server)
    }

    var cookieNames: [String] { cookies.withLock { $0.keys.sorted() } }

    func cookie(_ name: String) -> String? { cookies.withLock { $0[name] } }
    func setCookie(_ name: String, _ value: String?) { cookies.withLock { $0[name] = value } }

    private var cookieHeader: String {
        cookies.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
    }

    /// Goes to an address of the protected host, as the proxy's question; on another node with `of`.
    func visit(
        _ target: String, method: String = "GET", mode: String? = "navigate", dialect: String = "caddy", host: String? = nil,
        of node: TestServer? = nil
    ) async throws -> DoorAnswer {
        var sent = DoorExample.Sent(method: method, target: target)
        if let host { sent.host = host }
        sent.headers[.accept] = "text/html,*/*"
        if let mode { sent.headers[.secFetchMode] = mode }
        if !cookieHeader.isEmpty { sent.headers[.cookie] = cookieHeader }
        return await door.ask(try DoorExample.check(dialect, sent), of: node)
    }

    /// One exchange with `/gateway/…` on the protected host. Errors are thrown.
    func gateway(
        _ method: HTTPRequest.Method = .get, _ address: String, headers: HTTPFields = [:], from peer: String = DoorExample.proxy,
        of node: TestServer? = nil
    ) async throws -> Response {
        let scheme = origin.prefix { $0 != ":" }
        var fields = headers
        if fields[.xForwardedProto] == nil { fields[.xForwardedProto] = String(scheme) }
        if fields[.xForwardedHost] == nil { fields[.xForwardedHost] = String(origin.dropFirst(scheme.count + 3)) }
        if fields[.xForwardedFor] == nil { fields[.xForwardedFor] = "198.51.100.7" }
        if !cookieHeader.isEmpty { fields[.cookie] = cookieHeader }
        let target = address.hasPrefix(origin) ? String(address.dropFirst(origin.count)) : address
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "gatehouse.internal", path: target, headerFields: fields),
            body: RequestBody(buffer: .init()))
        let page = (node ?? door.server).wiring.makeDoorSignIn()
        let response: Response
        switch target.prefix(while: { $0 != "?" }) {
        case DoorSignInPage.signInPath: response = try page.signIn(request, from: peer)
        case DoorSignInPage.callbackPath: response = try await page.callback(request, from: peer)
        default: response = try await page.signOut(request, from: peer)
        }
        for line in response.headers[values: .setCookie] { keep(line) }
        return response
    }

    /// From the redirect of a visit to the callback's address, signing in at the issuer where a page asks for it.
    /// - Parameter change: spoils the authorization request.
    func toCallback(_ signIn: String, change: (String) -> String = { $0 }) async throws -> String {
        let away = try await gateway(.get, signIn)
        var page = try await issuer.open(change(try #require(away.headers[.location])))
        if TestForm(id: "sign-in-form", in: page.text) != nil {
            page = try await issuer.submit("sign-in-form", of: page, [("username", "ada"), ("password", "analytical-engine")])
        }
        return try #require(page.location, "\(page.text.prefix(500))")
    }

    /// Signs in on the way to `target`.
    /// - Returns: where the browser is sent in the end.
    @discardableResult
    func signIn(_ target: String = "/page") async throws -> String {
        let asked = try await visit(target)
        let back = try await toCallback(try #require(asked["Location"]))
        return try #require(try await gateway(.get, back).headers[.location])
    }

    private func keep(_ line: String) {
        let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2 else { return }
        cookies.withLock { $0[pair[0]] = pair[1].isEmpty ? nil : pair[1] }
    }
}
