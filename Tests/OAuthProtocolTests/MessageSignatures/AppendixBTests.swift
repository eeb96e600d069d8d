import Testing

@testable import OAuthProtocol

/// The vectors of RFC 9421 Appendix B. The signatures of B.2.1 to B.2.3 are RSA-PSS, which we don't accept: of these the
/// signature bases are compared.
@Suite("RFC 9421 Appendix B")
struct AppendixBTests {
    private let created = #"created=1618884473;keyid="#

    @Test func `B 2 1 gives its base`() throws {
        let input = #"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#
        #expect(try TestMessage.base(input, of: TestMessage.request()) == "\"@signature-params\": \(input)")
    }

    @Test func `B 2 2 gives its base`() throws {
        let input =
            #"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#
        let expected = """
            "@authority": example.com
            "content-digest": \(TestMessage.requestDigest)
            "@query-param";name="Pet": dog
            "@signature-params": \(input)
            """
        #expect(try TestMessage.base(input, of: TestMessage.request()) == expected)
    }

    @Test func `B 2 3 gives its base`() throws {
        let input =
            #"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")"#
            + #";created=1618884473;keyid="test-key-rsa-pss""#
        let expected = """
            "date": Tue, 20 Apr 2021 02:07:55 GMT
            "@method": POST
            "@path": /foo
            "@query": ?param=Value&Pet=dog
            "@authority": example.com
            "content-type": application/json
            "content-digest": \(TestMessage.requestDigest)
            "content-length": 18
            "@signature-params": \(input)
            """
        #expect(try TestMessage.base(input, of: TestMessage.request()) == expected)
    }

    @Test func `B 2 4 holds under the P-256 key`() throws {
        let signature = try TestMessage.signature(
            #"("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#,
            "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==")
        try expectValid(signature, of: TestMessage.response(), key: .init(ecdsaP256: TestMessage.p256Point))
        #expect(throws: MessageSignatureRefusal.self) { try signature.base(of: TestMessage.request()) }
    }

    @Test func `B 2 5 holds under the shared secret, and comes out the same when we sign`() throws {
        let components: [ComponentIdentifier] = [try .field("date"), .authority, try .field("content-type")]
        let key = try MessageSigningKey(hmacSecret: TestMessage.secret)
        let signer = try MessageSigner(
            key: key, keyID: "test-shared-secret", label: "sig-b25", namesAlgorithm: false, components: components)
        let fields = try signer.sign(TestMessage.request(), now: TestMessage.createdAt, nonce: nil)
        #expect(fields.map(\.name) == ["Signature-Input", "Signature"])
        #expect(
            fields.map(\.value) == [
                #"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
                "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
            ])
        let signature = try TestMessage.signature(
            #"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
            "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=")
        try expectValid(signature, of: TestMessage.request(), key: .init(hmacSecret: TestMessage.secret))
    }

    @Test func `B 2 6 holds under the Ed25519 key`() throws {
        let input =
            #"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#
        let signature = try TestMessage.signature(
            input, "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==")
        try expectValid(signature, of: TestMessage.request(), key: .init(ed25519: TestMessage.ed25519Point))
    }

    @Test func `B 3 holds with a client certificate in its field`() throws {
        let certificate =
            ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw"
            + "0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebr"
            + "XmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2D"
            + "AOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1"
            + "vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:"
        let message = try SignableMessage(
            method: "POST", scheme: "https", authority: "service.internal.example", requestTarget: "/foo?param=Value&Pet=dog",
            fields: [("Client-Cert", certificate)], body: .bytes(TestMessage.requestBody))
        let signature = try TestMessage.signature(
            #"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#,
            "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==")
        try expectValid(signature, of: message, key: .init(ecdsaP256: TestMessage.p256Point))
    }

    @Test(arguments: [
        ("GET", "example.org", "/demo?name1=Value1&Name2=value2", ["application/json", "*/*"], true),
        ("GET", "example.org", "/demo?name1=Value1&Name2=value2&param=added", ["application/json", "*/*"], true),
        ("GET", "example.org:443", "/demo?name1=Value1", ["application/json, */*"], true),
        ("GET", "EXAMPLE.org", "/demo", ["  application/json \t", "*/*"], true),
        ("POST", "example.com", "/demo?name1=Value1&Name2=value2", ["application/json", "*/*"], false),
        ("GET", "example.org", "/demo?name1=Value1&Name2=value2", ["*/*", "application/json"], false),
    ])
    func `B 4 survives the changes that it may`(
        method: String, authority: String, target: String, accept: [String], isValid: Bool
    ) throws {
        let message = try SignableMessage(
            method: method, scheme: "https", authority: authority, requestTarget: target, fields: accept.map { ("Accept", $0) })
        let signature = try TestMessage.signature(
            #"("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#,
            "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==")
        let key = try MessageVerificationKey(ed25519: TestMessage.ed25519Point)
        #expect(key.isValid(signature.signature, for: try signature.base(of: message)) == isValid)
    }

    @Test func `what each key signs only that key accepts`() throws {
        let message = try TestMessage.request()
        let keys: [MessageSigningKey] = [
            try .init(hmacSecret: TestMessage.secret), try .init(ecdsaP256: TestMessage.p256Scalar),
            try .init(ed25519: TestMessage.ed25519Seed),
        ]
        let base = try TestMessage.signature(#"("@method")"#).base(of: message)
        for (index, key) in keys.enumerated() {
            let made = try key.sign(base)
            for (other, verifying) in keys.map(\.verificationKey).enumerated() {
                #expect(verifying.isValid(made, for: base) == (index == other))
            }
        }
    }

    private func expectValid(_ signature: MessageSignature, of message: SignableMessage, key: MessageVerificationKey) throws {
        let base = try signature.base(of: message)
        #expect(key.isValid(signature.signature, for: base))
        #expect(!key.isValid(signature.signature, for: base + [0x20]))
        for index in [0, 31, signature.signature.count - 1] {
            var changed = signature.signature
            changed[index] ^= 1
            #expect(!key.isValid(changed, for: base))
        }
        #expect(!key.isValid([], for: base) && !key.isValid(signature.signature + [0], for: base))
        #expect(!key.isValid(Array(signature.signature.dropLast()), for: base))
    }
}
