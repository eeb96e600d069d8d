import HTTPTypes
import Hummingbird
import OAuthProtocol
import Testing

@testable import Web

@Suite struct FormTests {
    static let type = "application/x-www-form-urlencoded"

    @Test(
        "A form is read, with or without charset",
        arguments: [type, type + ";charset=UTF-8", type + "; charset=\"utf-8\"", "Application/X-WWW-Form-URLencoded", type + ";"])
    func read(type: String) async throws {
        let form = try await Form.read(sampleRequest(.post, "/", [.contentType: type], body: "a=1&b=x+y"), sampleContext())
        #expect(try form.optional("b") == "x y")
    }

    @Test(
        "Another content type is refused, and so is none when there is a body",
        arguments: ["application/json", "text/plain", type + "; charset=iso-8859-1", type + "x", "multipart/form-data; boundary=x", nil])
    func refused(type: String?) async throws {
        var headers: HTTPFields = [:]
        headers[.contentType] = type
        let error = await #expect(throws: OAuthError.self) {
            try await Form.read(sampleRequest(.post, "/", headers, body: "a=1"), sampleContext())
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test("An empty body needs no content type")
    func empty() async throws {
        let form = try await Form.read(sampleRequest(.post), sampleContext())
        #expect(form.isEmpty)
    }

    @Test("A body above 64 KiB is refused, announced or not", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        var headers: HTTPFields = [.contentType: Self.type]
        if isAnnounced { headers[.contentLength] = "65537" }
        let body = isAnnounced ? "" : "a=" + String(repeating: "x", count: 65_536)
        let error = await #expect(throws: OAuthError.self) {
            try await Form.read(sampleRequest(.post, "/", headers, body: body), sampleContext())
        }
        #expect(error?.code == .payloadTooLarge)
        #expect(error?.status == 413)
    }

    @Test("A malformed body is the client's fault", arguments: ["a=%zz", "a=%ff", "a=%00"])
    func malformed(body: String) async throws {
        let error = await #expect(throws: OAuthError.self) {
            try await Form.read(sampleRequest(.post, "/", [.contentType: Self.type], body: body), sampleContext())
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test("A query is read; absent is empty")
    func query() throws {
        #expect(try Form.query(sampleRequest(.get, "/a?x=1%202")).optional("x") == "1 2")
        #expect(try Form.query(sampleRequest(.get, "/a")).isEmpty)
    }

    @Test("A query that is over-long or not percent-encoded is refused")
    func badQuery() {
        for path in ["/a?x=" + String(repeating: "y", count: 32_768), "/a?x=ä", "/a?x=\u{FFFD}"] {
            let error = #expect(throws: OAuthError.self) { try Form.query(sampleRequest(.get, path)) }
            #expect(error?.code == .invalidRequest)
        }
    }
}
