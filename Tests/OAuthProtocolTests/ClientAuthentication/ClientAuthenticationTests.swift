import Testing

@testable import OAuthProtocol

@Suite("Client authentication")
struct ClientAuthenticationTests {
    @Test("Basic credentials follow RFC 6749 §2.3.1")
    func basic() throws {
        let credentials = try #require(try BasicCredentials(authorization: "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"))
        #expect(credentials.clientID == "s6BhdRkqt3" && credentials.clientSecret == "7Fjfp0ZBr1KtDRbnfVdmIw")
        #expect(try BasicCredentials(authorization: "bASIC   czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")?.clientID == "s6BhdRkqt3")
        #expect(try BasicCredentials(authorization: "Bearer abc") == nil)
        #expect(try BasicCredentials(authorization: "Basically czZCaGRSa3F0Mzo3") == nil)
        #expect(try BasicCredentials(authorization: "") == nil)
    }

    @Test("both parts are form-encoded, so that either may hold a colon")
    func formEncoding() throws {
        for (id, secret) in [("a:b", "c d+%:é"), ("client", ""), ("https://app.example/", "///+++===~~")] {
            let credentials = try #require(
                try BasicCredentials(authorization: BasicCredentials.headerValue(clientID: id, clientSecret: secret)))
            #expect(credentials.clientID == id && credentials.clientSecret == secret)
        }
    }

    @Test(
        "unreadable Basic credentials are invalid_client with a Basic challenge",
        arguments: [
            "Basic", "Basic ", "Basic ===", "Basic YQ==", "Basic Og==", "Basic OmI=", "Basic YTpi=", "Basic YTpi====", "Basic YTp_",
            "Basic YTpi YTpi",
            "Basic YTpi\n", "Basic Y=Tpi", "Basic YTol", "Basic YTolR0c=", "Basic YQA6Yg==", "Basic YTolMDA=", "Basic YTr/",
            "Basic YTpiCg==", "Basic é",
        ])
    func refusals(field: String) {
        do {
            _ = try BasicCredentials(authorization: field)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .invalidClient && error.status == 401)
            #expect(error.challenge == .basic())
        }
    }

    @Test("over-long credentials are refused")
    func length() {
        let field = BasicCredentials.headerValue(clientID: "a", clientSecret: String(repeating: "b", count: 2_000))
        #expect(throws: OAuthError.self) { try BasicCredentials(authorization: field) }
    }

    @Test("secrets and tokens never print")
    func secrecy() throws {
        let credentials = try #require(try BasicCredentials(authorization: "Basic YTpzZWNyZXQ="))
        #expect("\(credentials)" == "BasicCredentials(a, …)")
        let token = try #require(try BearerToken(authorization: "Bearer secret"))
        #expect("\(token)" == "BearerToken(…)")
    }

    @Test("bearer tokens follow RFC 6750 §2.1")
    func bearer() throws {
        #expect(try BearerToken(authorization: "Bearer a.b-c_d~e+f/g==")?.text == "a.b-c_d~e+f/g==")
        #expect(try BearerToken(authorization: "bearer  abc")?.text == "abc")
        #expect(try BearerToken(authorization: "Basic YTpi") == nil)
        #expect(try BearerToken(parameter: "abc").text == "abc")
    }

    @Test(
        "malformed bearer tokens are invalid_request",
        arguments: ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer a=b", "Bearer é", "Bearer a\n", "Bearer a\u{0}"])
    func badBearer(field: String) {
        do {
            _ = try BearerToken(authorization: field)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .invalidRequest && error.status == 400)
            #expect(error.challenge?.headerValue.hasPrefix("Bearer realm=\"gatehouse\", error=\"invalid_request\"") == true)
        }
    }

    @Test("an over-long bearer token is refused")
    func bearerLength() {
        #expect(throws: OAuthError.self) { try BearerToken(parameter: String(repeating: "a", count: 16_385)) }
    }
}
