import Audit
import Crypto
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import Keys
import OAuthProtocol
import Runtime
import TestKit
import Testing
import X509

@testable import Credentials

/// Our own authority: made, issues, revokes, publishes.
@Suite struct CertificateAuthorityTests {
    private func run(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.addClient("billing", secret: "billing-secret") { $0.scopes = ["notes:read", "introspect"] }
            _ = try await server.wiring.certificateIssuance.makeAuthority(
                name: "Local authority", permitted: [], by: "test", now: server.clock.now)
            try await body(server)
        }
    }

    private func issue(
        _ server: TestServer, request: [UInt8]? = nil, change: (inout CertificateIssuance.Wish) -> Void = { _ in }
    ) async throws -> CertificateIssuance.Issued {
        var wish = CertificateIssuance.Wish(purpose: .client, commonName: "billing", lifetime: .days(30))
        wish.clientID = "billing"
        wish.scopes = ["notes:read"]
        change(&wish)
        return try await server.wiring.certificateIssuance.issue(wish, request: request, by: "test", now: server.clock.now)
    }

    private func refusal(_ server: TestServer, _ certificate: [UInt8]) -> CertificateRefusal? {
        do throws(CertificateRefusal) {
            _ = try server.wiring.certificates.judge([certificate], clientID: nil, now: server.clock.now)
            return nil
        } catch { return error }
    }

    @Test func `there is one authority, and only it makes certificates`() async throws {
        try await TestServer.run { server in
            let wish = CertificateIssuance.Wish(purpose: .client, commonName: "billing", lifetime: .days(30))
            let issuance = server.wiring.certificateIssuance
            await #expect(throws: CertificateIssuanceError.self) {
                try await issuance.issue(wish, request: nil, by: "test", now: server.clock.now)
            }
            #expect(try await server.get("/certificates/authority.crt").status == .notFound)
            _ = try await issuance.makeAuthority(name: "One", permitted: [], by: "test", now: server.clock.now)
            await #expect(throws: CertificateIssuanceError.self) {
                try await issuance.makeAuthority(name: "Two", permitted: [], by: "test", now: server.clock.now)
            }
            #expect(try await TestRowStore(server.database).events() == ["certificate_authority.made"])
        }
    }

    @Test func `of a request only the key counts`() async throws {
        try await run { server in
            let key = P256.Signing.PrivateKey()
            let request = try TestAuthority.request("admin", key: key, names: [.dnsName("admin.example")])
            let issued = try await issue(server, request: request) { $0.names = [.uri("spiffe://example/billing")] }
            #expect(issued.privateKey == nil)
            let read = try Certificate(derEncoded: issued.certificate)
            #expect(read.publicKey == Certificate.PublicKey(key.publicKey))
            #expect("\(read.subject)" == "CN=billing")
            #expect(
                try read.extensions.subjectAlternativeNames.map { Array($0) } == [.uniformResourceIdentifier("spiffe://example/billing")])
            #expect(try read.extensions.extendedKeyUsage.map { Array($0) } == [.clientAuth])
            #expect(try read.extensions.basicConstraints == .notCertificateAuthority)
            #expect(read.serialNumber.bytes.count == 16)
            #expect(Data(issued.certificate).range(of: Data("http://localhost:8080/certificates/authority.crl".utf8)) != nil)
            #expect(refusal(server, issued.certificate) == nil)
            #expect(try await TestRowStore(server.database).events().suffix(1) == ["certificate.issued"])
        }
    }

    @Test func `a request that is not signed with its own key gets nothing`() async throws {
        try await run { server in
            var request = try TestAuthority.request("billing", key: P256.Signing.PrivateKey())
            let name = try #require(Data(request).range(of: Data("billing".utf8))?.lowerBound)
            request[name] = UInt8(ascii: "k")
            await #expect(throws: CertificateIssuanceError.self) { try await issue(server, request: request) }
            await #expect(throws: CertificateIssuanceError.self) { try await issue(server, request: [0x30, 0]) }
            #expect(try await TestRowStore(server.database).count("certificates") == 0)
        }
    }

    /// RSA of 1024 bits, and P-224.
    static let weakRequests = [
        """
        MIIBUTCBuwIBADASMRAwDgYDVQQDDAdiaWxsaW5nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQClc1NF7v27+tbpuGSAFWUE7UNZsp36yZUo\
        1ptDYOGNjwhsk1YmjNZlmXvU7wQPXURgOcd9N2Ic/CvLxbF8ImNEWSf8YWPPGS3Z1EAJ2sGMZJHrNgKtynTEP4xMv4Cddyhn8z0Ejm1COJS3OKLJ\
        uOM8IjlNFcu/rsIFeB3Geyh/xwIDAQABoAAwDQYJKoZIhvcNAQELBQADgYEALx/f5eRNV9bZbE94wqOURcaJAw4vkHFUyZYffVlKWoZkU6v8whd2\
        AUMumzrbXuoKWANa/kDVnEVRWS5CoCh5o5KrfMMZX/7ZWXQy//VHRQUJD+6gja49ZVjOyFqSBkb++UuZZxOKVKHaw+ncByvQsxnodo0VWYdJ7DfF\
        J6VAza4=
        """,
        """
        MIG4MGkCAQAwEjEQMA4GA1UEAwwHYmlsbGluZzBOMBAGByqGSM49AgEGBSuBBAAhAzoABFzJACcTpDmVpq1nOzrwRAs0CTlZOr+0SibllhiWUT5n\
        0ixXzVg1EFrB8pylfq+TJs/f9ZwqMlrdoAAwCgYIKoZIzj0EAwIDPwAwPAIcE9BPUL1+S7E1YzwrjDTSjJ/a/gE8HlsIApEKmQIcNSFoNz1hCtvA\
        OvybGpDVRxucoP2e/EctdGlCTw==
        """,
    ]

    @Test(arguments: weakRequests)
    func `a request for a weak key gets nothing`(_ text: String) async throws {
        try await run { server in
            let request = try #require(Base64.decode(utf8: text.utf8))
            await #expect(throws: CertificateIssuanceError.self) { try await issue(server, request: request) }
            #expect(try await TestRowStore(server.database).count("certificates") == 0)
        }
    }

    @Test func `a server's certificate is no client's`() async throws {
        try await run { server in
            let issued = try await issue(server) { wish in
                wish = CertificateIssuance.Wish(purpose: .server, commonName: "localhost", lifetime: .days(30))
                wish.names = [.dns("localhost"), .address([127, 0, 0, 1])]
            }
            #expect(issued.privateKey?.hasPrefix("-----BEGIN PRIVATE KEY-----") == true)
            #expect(refusal(server, issued.certificate) == .wrongPurpose)
        }
    }

    @Test func `no certificate outlives the authority`() async throws {
        try await run { server in
            server.clock.advance(by: .days(3_640))
            let issued = try await issue(server) { $0.lifetime = .days(825) }
            let authority = try Certificate(derEncoded: try #require(server.wiring.certificates.authority).certificate)
            #expect(try Certificate(derEncoded: issued.certificate).notValidAfter == authority.notValidAfter)
        }
    }

    @Test func `a revoked certificate is refused at once, and on another node as soon as it hears of it`() async throws {
        try await run { server in
            let issued = try await issue(server)
            let other = try await issue(server)
            try await server.withSecondNode { second in
                #expect(refusal(second, issued.certificate) == nil)
                #expect(refusal(server, issued.certificate) == nil)
                server.clock.advance(by: .seconds(1))
                let issuance = server.wiring.certificateIssuance
                let now = server.clock.now
                #expect(try await issuance.revoke(issued.serial, reason: .keyCompromise, by: "test", now: now))
                #expect(refusal(server, issued.certificate) == .revoked)
                try await second.wiring.certificates.load()
                #expect(refusal(second, issued.certificate) == .revoked)
                #expect(refusal(second, other.certificate) == nil)
                #expect(try await issuance.revoke(issued.serial, reason: .superseded, by: "test", now: now) == false)
                await #expect(throws: CertificateIssuanceError.self) {
                    try await issuance.revoke("00", reason: .unspecified, by: "test", now: now)
                }
            }
            #expect(try await TestRowStore(server.database).events().suffix(1) == ["certificate.revoked"])
        }
    }

    @Test func `the revocation list is published, and signed anew before it is outdated`() async throws {
        try await run { server in
            let first = try await server.get("/certificates/authority.crl")
            #expect(first.status == .ok)
            #expect(first.headers[.contentType] == "application/pkix-crl")
            #expect(first.headers[.cacheControl] == "public, max-age=300")
            let issued = try await issue(server)
            _ = try await server.wiring.certificateIssuance.revoke(issued.serial, reason: .superseded, by: "test", now: server.clock.now)
            let second = try await server.get("/certificates/authority.crl")
            #expect(second.body != first.body)
            #expect(
                try CertificateRevocationList(parsing: Array(second.body.readableBytesView)).nextUpdate == server.clock.now + .hours(24))
            // Eleven hours on, nothing is due; thirteen hours on, it is.
            server.clock.advance(by: .hours(11))
            try await server.wiring.certificateIssuance.renew(now: server.clock.now)
            #expect(try await server.get("/certificates/authority.crl").body == second.body)
            server.clock.advance(by: .hours(2))
            try await server.wiring.certificateIssuance.renew(now: server.clock.now)
            let third = try await server.get("/certificates/authority.crl")
            #expect(try CertificateRevocationList(parsing: Array(third.body.readableBytesView)).nextUpdate == server.clock.now + .hours(24))
            #expect(refusal(server, issued.certificate) == .revoked)
            let certificate = try await server.get("/certificates/authority.crt")
            #expect(certificate.headers[.contentType] == "application/pkix-cert")
            #expect(Array(certificate.body.readableBytesView) == server.wiring.certificates.authority?.certificate)
            #expect(try await server.post("/certificates/authority.crl", []).status == .methodNotAllowed)
        }
    }

    @Test func `where no list could be signed in time, nobody is let in`() async throws {
        try await run { server in
            let issued = try await issue(server)
            server.clock.advance(by: .hours(25))
            #expect(refusal(server, issued.certificate) == .crlExpired)
            try await server.wiring.certificateIssuance.renew(now: server.clock.now)
            #expect(refusal(server, issued.certificate) == nil)
        }
    }

    @Test func `an authority that somebody else wrote into the database is not trusted`() async throws {
        try await run { server in
            let impostor = try TestAuthority("Local authority", now: server.clock.now)
            var row = try #require(try await CertificateStore(server.database).findAuthority())
            row.sealedCertificate = impostor.certificate
            try await CertificateStore(server.database).update(row)
            await #expect(throws: MasterKeyError.self) { try await server.wiring.certificates.load() }
            #expect(refusal(server, try impostor.issue(now: server.clock.now).certificate) == .unknownAuthority)
        }
    }

    @Test func `an erased client's certificate can still be revoked, and stands for nobody`() async throws {
        try await run { server in
            let issued = try await issue(server)
            try await server.eraseClient("billing")
            let answer = try await server.get("/v1/keys", certificates: [issued.certificate])
            #expect(answer.status == .unauthorized)
            #expect(
                try await server.wiring.certificateIssuance.revoke(
                    issued.serial, reason: .unspecified, by: "test", now: server.clock.now))
            #expect(refusal(server, issued.certificate) == .revoked)
        }
    }

    @Test func `files read back what they hold, in PEM or DER`() throws {
        let der: [UInt8] = [0x30, 0x03, 1, 2, 3]
        let pem = CertificatePEM.encode(der, label: "CERTIFICATE")
        #expect(CertificatePEM.decode(Array(("# a note\n" + pem + pem).utf8), labels: ["CERTIFICATE"]) == [der, der])
        #expect(CertificatePEM.decode(der, labels: ["CERTIFICATE"]) == [der])
        #expect(CertificatePEM.decode(Array(pem.utf8), labels: ["X509 CRL"]) == [])
        #expect(CertificatePEM.decode(Array(pem.replacing("\n", with: "\r\n").utf8), labels: ["CERTIFICATE"]) == [der])
        for bad in ["-----BEGIN CERTIFICATE-----\nMAMB", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            #expect(CertificatePEM.decode(Array(bad.utf8), labels: ["CERTIFICATE"]) == nil)
        }
    }
}
