import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import OAuthProtocol
import Synchronization
import TestKit
import Testing

/// Writes down whole exchanges, with names in place of what is different each time, and compares them with what was recorded before.
///
/// `GATEHOUSE_TEST_RECORD=1` records anew; the difference is then read in review.
final class Transcript: Sendable {
    private struct State {
        var text = ""
        var names: [String: String] = [:]
        var counts: [String: Int] = [:]
        var tokens: [(name: String, token: String)] = []
    }

    private let server: TestServer
    private let state = Mutex(State())

    init(_ server: TestServer) {
        self.server = server
    }

    /// A line that says what happens next.
    func note(_ text: String) {
        state.withLock { $0.text += "# \(text)\n\n" }
    }

    @discardableResult
    func post(
        _ path: String, _ fields: [(String, String)], basic: TestServer.Credentials? = ("app", "app-secret"), bearer: String? = nil
    ) async throws -> TestResponse {
        var request = ["POST \(path)"]
        if let basic { request.append("Authorization: Basic \(basic.id):\(basic.secret)") }
        if let bearer { request.append("Authorization: Bearer \(bearer)") }
        request += fields.map { "    \($0)=\($1.replacing("\r\n", with: "%0D%0A"))" }
        let headers: HTTPFields = bearer.map { [.authorization: "Bearer \($0)"] } ?? [:]
        return write(request, try await server.post(path, fields, basic: basic, headers: headers))
    }

    @discardableResult
    func get(_ path: String, bearer: String? = nil) async throws -> TestResponse {
        let headers: HTTPFields = bearer.map { [.authorization: "Bearer \($0)"] } ?? [:]
        return write(
            ["GET \(path)"] + (bearer.map { ["Authorization: Bearer \($0)"] } ?? []), try await server.get(path, headers: headers))
    }

    @discardableResult
    func sendJSON(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue?, bearer: String? = nil) async throws -> TestResponse {
        var request = ["\(method.rawValue) \(path)"]
        if let bearer { request.append("Authorization: Bearer \(bearer)") }
        guard let body else {
            let headers: HTTPFields = bearer.map { [.authorization: "Bearer \($0)"] } ?? [:]
            return write(request, try await server.send(method, path, headers: headers))
        }
        request += Self.lines(of: body)
        return write(request, try await server.sendJSON(method, path, body, bearer: bearer))
    }

    /// What a browser did: where it was sent in the end.
    @discardableResult
    func redirect(_ request: String, _ answer: TestResponse) -> TestResponse {
        write(["GET \(request)", "(the person signs in and allows what is asked)"], answer)
    }

    /// Compares with `Transcripts/<name>.txt`.
    func expectRecorded(as name: String, location: SourceLocation = #_sourceLocation) throws {
        let path = Checkout.path("Tests/OAuthTests/Transcripts/\(name).txt")
        let text = state.withLock { $0.text }
        if ProcessInfo.processInfo.environment["GATEHOUSE_TEST_RECORD"] == "1" {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let recorded = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let difference = text.split(separator: "\n").difference(from: recorded.split(separator: "\n"))
        let changes = difference.map { change in
            switch change {
            case .insert(_, let line, _): "+ \(line)"
            case .remove(_, let line, _): "- \(line)"
            }
        }
        #expect(changes == [], "\(name).txt differs; if that is meant, record anew", sourceLocation: location)
    }

    // MARK: Writing

    private func write(_ request: [String], _ answer: TestResponse) -> TestResponse {
        var lines = request.map { "> \($0)" }
        lines.append("< \(answer.status.code)")
        // Every header field, in order of name; security headers have tests of their own.
        for field in answer.headers.sorted(by: { $0.name.canonicalName < $1.name.canonicalName })
        where !Self.untold.contains(field.name.canonicalName) {
            lines.append("< \(field.name.rawName): \(field.value)")
        }
        let body =
            answer.json.isNull
            ? (answer.text.isEmpty ? [] : [answer.text])
            : Self.lines(of: answer.json["jti"] == nil ? answer.json : Self.without(["jti"], answer.json))
        lines += body.map { "< \($0)" }
        state.withLock { state in
            state.text += Self.named(lines.joined(separator: "\n"), &state) + "\n"
            for (name, token) in state.tokens {
                guard let header = try? TestServer.part(0, of: token), let claims = try? TestServer.part(1, of: token) else { continue }
                state.text += "  \(name) is\n"
                for line in Self.lines(of: Self.without(["kid"], header)) + Self.lines(of: Self.without(["jti", "at_hash"], claims)) {
                    state.text += "    \(Self.named(line, &state))\n"
                }
            }
            state.tokens = []
            state.text += "\n"
        }
        return answer
    }

    private static let untold: Set<String> = [
        "content-security-policy", "content-length", "cross-origin-resource-policy", "date", "permissions-policy", "ratelimit",
        "ratelimit-policy",
        "referrer-policy",
        "server",
        "x-content-type-options", "x-frame-options",
    ]

    /// An object with a line for each member, so that a difference is one line.
    private static func lines(of json: JSONValue) -> [String] {
        guard let object = json.object else { return ["    " + String(decoding: json.encoded(), as: UTF8.self)] }
        return object.sorted { $0.key < $1.key }.map { name, value in
            "    \(name): \(String(decoding: value.encoded(), as: UTF8.self))"
        }
    }

    private static func without(_ names: [String], _ json: JSONValue) -> JSONValue {
        var members = json.object ?? [:]
        for name in names where members[name] != nil { members[name] = "…" }
        return .object(members)
    }

    private static let kinds: [(name: String, pattern: String)] = [
        ("JWT", #"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"#), ("code", #"gh_ac_[A-Za-z0-9_-]{43}"#),
        ("refresh token", #"gh_rt_[A-Za-z0-9_-]{43}"#), ("client secret", #"gh_cs_[A-Za-z0-9_-]{43}"#),
        ("registration token", #"gh_reg_[A-Za-z0-9_-]{43}"#), ("id", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ]

    /// Puts names in place of what is different each time: the same value has the same name throughout.
    private static func named(_ text: String, _ state: inout State) -> String {
        var text = text
        for kind in kinds {
            guard let pattern = try? Regex(kind.pattern) else { continue }
            while let range = text.firstRange(of: pattern) {
                let value = String(text[range])
                if state.names[value] == nil {
                    let count = (state.counts[kind.name] ?? 0) + 1
                    state.counts[kind.name] = count
                    state.names[value] = "<\(kind.name) \(count)>"
                    if kind.name == "JWT" { state.tokens.append(("<JWT \(count)>", value)) }
                }
                text.replaceSubrange(range, with: state.names[value] ?? "")
            }
        }
        return text
    }
}
