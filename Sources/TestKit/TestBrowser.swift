import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OAuthProtocol
import Synchronization
import Web

/// A browser without JavaScript: it keeps cookies, follows redirects within the server, and fills in the forms that it is shown.
package final class TestBrowser: Sendable {
    private let server: TestServer
    private let cookies = Mutex<[String: String]>([:])

    package init(_ server: TestServer) {
        self.server = server
    }

    package var cookieNames: [String] { cookies.withLock { $0.keys.sorted() } }

    package func cookie(_ name: String) -> String? { cookies.withLock { $0[name] } }

    package func setCookie(_ name: String, _ value: String?) { cookies.withLock { $0[name] = value } }

    /// One exchange with this browser's cookies; redirects are not followed.
    package func exchange(_ method: HTTPRequest.Method, _ uri: String, _ fields: [(String, String)]? = nil, headers: HTTPFields = [:])
        async throws -> TestResponse
    {
        if let fields { return try await post(uri, encoded: Parameters.encode(fields), headers: headers) }
        return try await send(method, uri, headers: headers, body: nil)
    }

    /// Posts a form as these very bytes; redirects are not followed.
    package func post(_ uri: String, encoded body: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        return try await send(.post, uri, headers: headers, body: Array(body.utf8))
    }

    private func send(_ method: HTTPRequest.Method, _ uri: String, headers: HTTPFields, body: [UInt8]?) async throws -> TestResponse {
        var headers = headers
        // As if its user had typed the address, where a test says nothing else.
        if method == .get, headers[.secFetchSite] == nil { headers[.secFetchSite] = "none" }
        let jar = cookies.withLock { $0 }
        if !jar.isEmpty { headers[.cookie] = jar.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        let response = try await server.send(method, uri, headers: headers, body: body)
        for line in response.headers[values: .setCookie] { keep(line) }
        return response
    }

    /// Goes to an address and follows redirects within the server.
    /// - Returns: a page, or the redirect that leaves the server.
    package func open(_ uri: String) async throws -> TestResponse { try await follow(try await exchange(.get, uri)) }

    /// Fills in and sends the form with this id; what `fields` doesn't name goes back as it came.
    package func submit(_ form: String, of page: TestResponse, _ fields: [(String, String)] = []) async throws -> TestResponse {
        guard let form = TestForm(id: form, in: page.text) else {
            throw TestFormError(description: "no form \(form) in: \(page.text.prefix(2_000))")
        }
        let kept = form.hidden.filter { field in !fields.contains { $0.0 == field.0 } }
        return try await follow(try await exchange(.post, form.action, kept + fields))
    }

    private func follow(_ first: TestResponse) async throws -> TestResponse {
        var response = first
        for _ in 0..<10 {
            guard let location = response.location, location.hasPrefix("/") || location.hasPrefix(TestServer.issuer + "/") else { break }
            response = try await exchange(.get, location)
        }
        return response
    }

    private func keep(_ line: String) {
        let parts = line.split(separator: ";").map { $0.drop { $0 == " " } }
        guard let pair = parts.first?.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false), pair.count == 2 else { return }
        let isCleared = pair[1].isEmpty || parts.contains { $0.lowercased() == "max-age=0" }
        cookies.withLock { $0[String(pair[0])] = isCleared ? nil : String(pair[1]) }
    }
}

package struct TestFormError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// A form as a page shows it.
package struct TestForm: Sendable {
    package let action: String
    package let hidden: [(String, String)]

    /// - Returns: nil when the page has no form of this id.
    package init?(id: String, in html: String) {
        guard let start = html.range(of: "<form [^>]*id=\"\(id)\"[^>]*>"), let end = html[start.upperBound...].firstRange(of: "</form>")
        else {
            return nil
        }
        action = Self.attribute("action", of: html[start]) ?? ""
        var rest = html[start.upperBound..<end.lowerBound]
        var hidden: [(String, String)] = []
        while let tag = rest.range(of: "<input [^>]*type=\"hidden\"[^>]*>") {
            if let name = Self.attribute("name", of: rest[tag]) { hidden.append((name, Self.attribute("value", of: rest[tag]) ?? "")) }
            rest = rest[tag.upperBound...]
        }
        self.hidden = hidden
    }

    private static func attribute(_ name: String, of tag: Substring) -> String? {
        guard let start = tag.firstRange(of: " \(name)=\"") else { return nil }
        var text = String(tag[start.upperBound...].prefix { $0 != "\"" })
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            text = text.replacing(entity, with: character)
        }
        return text
    }
}

extension StringProtocol {
    fileprivate func range(of pattern: String) -> Range<Index>? {
        guard let regex = try? Regex(pattern) else { return nil }
        return Substring(self).firstRange(of: regex)
    }
}
