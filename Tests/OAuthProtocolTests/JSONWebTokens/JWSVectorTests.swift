import FoundationEssentials
import Testing

@testable import OAuthProtocol

@Suite("RFC 7515 vectors")
struct JWSVectorTests {
    private let rules = JWTVerification(types: [], isTypeOptional: true, issuer: "joe", audience: nil)
    private let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    @Test("Appendix A.3: ES256")
    func es256() async throws {
        let key = try VerificationKey(JWK(parsing: JWKTests.p256))
        let token =
            "eyJhbGciOiJFUzI1NiJ9.\(payload).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let claims = try await rules.verify(token, key: { _ in key }, now: Date(timeIntervalSince1970: 1_300_819_379))
        #expect(claims["http://example.com/is_root"] == true)
        await #expect(throws: JWTRefusal.expired) {
            try await rules.verify(token, key: { _ in key }, now: Date(timeIntervalSince1970: 1_300_819_390))
        }
    }

    @Test("Appendix A.2: RS256")
    func rs256() async throws {
        let modulus =
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRP"
            + "EwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qC"
            + "o5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
        let key = try VerificationKey(JWK(parsing: ["kty": "RSA", "n": .string(modulus), "e": "AQAB"]))
        let signature =
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
            + "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
            + "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        let claims = try await rules.verifySignatureOnly("eyJhbGciOiJSUzI1NiJ9.\(payload).\(signature)", key: { _ in key })
        #expect(claims["iss"] == "joe")
    }
}
