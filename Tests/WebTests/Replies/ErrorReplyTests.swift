import Hummingbird
import NIOCore
import OAuthProtocol
import Postgres
import Testing

@testable import Web

@Suite struct ErrorReplyTests {
    @Test(
        "What the HTTP layer throws becomes an error of ours",
        arguments: [
            (HTTPError(.notFound) as any Error, OAuthError.Code.notFound, 404), (HTTPError(.methodNotAllowed), .methodNotAllowed, 405),
            (HTTPError(.contentTooLarge), .payloadTooLarge, 413), (NIOTooManyBytesError(maxBytes: 1), .payloadTooLarge, 413),
            (HTTPError(.badRequest, message: "inner words"), .invalidRequest, 400), (HTTPError(.badGateway), .serverError, 500),
            (CancellationError(), .temporarilyUnavailable, 503),
        ])
    func classify(error: any Error, code: OAuthError.Code, status: Int) {
        let refusal = ErrorReply.classify(error)
        #expect(refusal.code == code)
        #expect(refusal.status == status)
        #expect(!refusal.publicDescription.contains("inner words"))
    }

    @Test(
        "A database that can't answer now is 503 with Retry-After",
        arguments: [
            PostgresError(.unavailable("no route to host")), PostgresError(.timeout("5 s")), PostgresError(.queueFull),
            PostgresError(.cancelled), PostgresError(.server(sqlState: "40P01", message: "deadlock detected", constraint: nil)),
        ])
    func databaseDown(error: PostgresError) {
        let response = ErrorReply.json(ErrorReply.classify(error))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers[.retryAfter] == "2")
    }

    @Test("A statement that the database refuses is a defect of ours, and none of its words go out")
    func databaseRefuses() {
        let error = ErrorReply.classify(PostgresError(.server(sqlState: "42P01", message: "relation missing", constraint: nil)))
        #expect(error.code == .serverError)
        #expect(!error.publicDescription.contains("relation"))
        #expect(error.privateReason?.contains("relation missing") == true)
    }

    @Test("An error of ours passes as it is")
    func asItIs() {
        let error = OAuthError.invalidScope("The scope is unknown.", reason: "private")
        #expect(ErrorReply.classify(error) == error)
    }

    @Test("The body is RFC 6749's, and the private reason isn't in it")
    func body() async throws {
        let response = ErrorReply.json(.invalidGrant("The code has expired.", reason: "code 17"))
        #expect(response.status == .badRequest)
        let page = try ErrorReply.page(
            .invalidGrant("The code has expired.", reason: "code 17"), pages: PagesTests.pages(), requestID: "r-1")
        #expect(page.status == .badRequest)
        #expect(page.headers[.cacheControl] == "no-store")
    }

    @Test("The error page says what happened, what to do, and the reference")
    func page() throws {
        let error = OAuthError.invalidRequest("The redirect_uri is not registered.", reason: "private")
        let html = try PagesTests.pages().html("Error/error", ErrorPage.model(error, requestID: "r-1"))
        #expect(html.contains("The redirect_uri is not registered."))
        #expect(html.contains("id=\"error-hint\""))
        #expect(html.contains("r-1"))
        #expect(!html.contains("private"))
    }

    @Test("A redirect is 303, is not stored and sets the cookies it is given")
    func redirect() {
        let cookie = CookieRecipe.session(PagesTests.site).set("abc")
        let response = Reply.redirect(to: "/next", setting: cookie, nil)
        #expect(response.status == .seeOther)
        #expect(response.headers[.location] == "/next")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[values: .setCookie] == [cookie.value])
    }
}
