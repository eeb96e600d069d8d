import Testing

@testable import OAuthProtocol

@Suite("ClaimsRequest")
struct ClaimsRequestTests {
    @Test("reads the example of OpenID Connect Core §5.5, and comes back")
    func example() throws {
        let request = try ClaimsRequest(
            parsing: #"""
                {"userinfo":{"given_name":{"essential":true},"nickname":null,"email":{"essential":true},"picture":null,
                "http://example.info/claims/groups":null},
                "id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:mace:incommon:iap:silver"]},"sub":{"value":"248"}},"x":1}
                """#)
        #expect(request.userInfo.count == 5)
        #expect(request.userInfo["given_name"]?.isEssential == true)
        #expect(request.userInfo["nickname"] == ClaimsRequest.Individual())
        #expect(request.idToken["acr"]?.accepts("urn:mace:incommon:iap:silver") == true)
        #expect(request.idToken["acr"]?.accepts("1") == false)
        #expect(request.idToken["sub"]?.accepts("248") == true && request.idToken["sub"]?.accepts("249") == false)
        #expect(try ClaimsRequest(parsing: String(decoding: request.encoded(), as: UTF8.self)) == request)
        #expect(try ClaimsRequest(parsing: "{}").isEmpty)
    }

    @Test(
        "refuses other shapes",
        arguments: [
            "", "[]", "null", "\"x\"", "{", "{\"userinfo\":[]}", "{\"id_token\":1}", "{\"userinfo\":{\"a\":1}}",
            "{\"userinfo\":{\"a\":[]}}",
            "{\"userinfo\":{\"a\":{\"essential\":\"true\"}}}", "{\"userinfo\":{\"a\":{\"values\":\"x\"}}}",
            "{\"userinfo\":{\"a\":null,\"a\":null}}",
            "{\"userinfo\":{\"a\":{\"value\":[[[[[[[[[]]]]]]]]]}}}",
        ])
    func refusals(text: String) {
        #expect(throws: OAuthError.self) { try ClaimsRequest(parsing: text) }
    }

    @Test("is bounded")
    func bounds() throws {
        func asking(_ count: Int) -> String { "{\"userinfo\":{" + (0..<count).map { "\"c\($0)\":null" }.joined(separator: ",") + "}}" }
        #expect(try ClaimsRequest(parsing: asking(64)).userInfo.count == 64)
        #expect(throws: OAuthError.self) { try ClaimsRequest(parsing: asking(65)) }
        #expect(throws: OAuthError.self) { try ClaimsRequest(parsing: "{}" + String(repeating: " ", count: 4_095)) }
    }

    @Test("scopes release the claims of OpenID Connect Core §5.4")
    func standardClaims() {
        #expect(StandardClaims.names(for: "profile").count == 14)
        #expect(
            StandardClaims.names(releasedBy: ["openid", "phone", "email"]) == [
                "email", "email_verified", "phone_number", "phone_number_verified",
            ])
        #expect(StandardClaims.names(for: "openid").isEmpty)
        #expect(StandardClaims.all.count == 19 && Set(StandardClaims.all).count == 19)
        #expect(StandardClaims.scope(releasing: "email_verified") == "email" && StandardClaims.scope(releasing: "sub") == nil)
    }
}
