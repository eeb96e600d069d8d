import GatehouseServer
import HTTPTypes
import OAuth
import OAuthProtocol
import TestKit
import Testing
import Web

@testable import Gateway

/// Certificates that proxies hand on, in each of the three forms, and signatures that they ask for.
@Suite struct ForwardAuthCertificateTests {
    private let now = ManualClock().now

    private func run(
        _ field: ProxyTrust.CertificateField, _ body: @escaping @Sendable (DoorExample, TestAuthority) async throws -> Void
    ) async throws {
        let authority = try TestAuthority(now: now)
        let file = try TestAuthorityFile(authority)
        let path = file.path
        try await DoorExample.run(
            [DoorExample.rule { $0.proofs = [.clientCertificate] }], configure: { $0.certificates = ProxyCertificateSource(field) },
            configureServer: { $0.certificateFiles.authorities = [path] }
        ) { door async throws in
            try await door.server.addClient(
                "billing", secret: nil,
                metadata: [
                    "token_endpoint_auth_method": "tls_client_auth", "grant_types": ["client_credentials"], "redirect_uris": [],
                    "tls_client_auth_subject_dn": "CN=billing",
                ])
            try await body(door, authority)
        }
        withExtendedLifetime(file) {}
    }

    private static func escaped(_ der: [UInt8]) -> String {
        TestAuthority.pem(der, "CERTIFICATE").utf8.map { byte in
            FormEncoding.isUnreserved(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    private static func fields(_ field: ProxyTrust.CertificateField, _ der: [UInt8]) -> HTTPFields {
        switch field {
        case .none: [:]
        case .clientCert: [.clientCert: ":\(Base64.encode(der)):"]
        case .xfcc: [.xForwardedClientCert: "By=spiffe://proxy;Cert=\"\(escaped(der))\""]
        case .escapedPEM: [.xClientCert: escaped(der)]
        }
    }

    @Test(arguments: [ProxyTrust.CertificateField.clientCert, .xfcc, .escapedPEM])
    func `a certificate passes in the form that is set, from every kind of proxy`(field: ProxyTrust.CertificateField) async throws {
        try await run(field) { door, authority in
            let good = try authority.issue("billing", now: now).certificate
            let stranger = try TestAuthority("Other", now: now).issue("billing", now: now).certificate
            for dialect in DoorExample.dialects {
                let passed = try await door.ask(dialect, .init(headers: Self.fields(field, good)))
                #expect(passed.status == 200, "\(dialect)")
                #expect(passed["X-Gatehouse-Client"] == "billing")
                #expect(try await door.ask(dialect, .init(headers: Self.fields(field, stranger))).status == 401)
                #expect(try await door.ask(dialect).status == 401)
                // The other forms are anybody's words.
                for other in ProxyTrust.CertificateField.allCases where other != field {
                    #expect(try await door.ask(dialect, .init(headers: Self.fields(other, good))).status == 401, "\(other)")
                }
                // Malformed, or one too many.
                var spoiled = Self.fields(field, good)
                let name = try #require(spoiled.first?.name)
                spoiled[name] = "x;=:" + (spoiled[name] ?? "")
                #expect(try await door.ask(dialect, .init(headers: spoiled)).reason == "malformed_request")
                if field != .xfcc {
                    var doubled = Self.fields(field, good)
                    doubled.append(HTTPField(name: name, value: doubled[name] ?? ""))
                    #expect(try await door.ask(dialect, .init(headers: doubled)).reason == "malformed_request")
                }
            }
        }
    }

    @Test func `unless it is set, no field tells a certificate`() async throws {
        try await run(.none) { door, authority in
            let good = try authority.issue("billing", now: now).certificate
            for field in ProxyTrust.CertificateField.allCases {
                #expect(try await door.ask("nginx", .init(headers: Self.fields(field, good))).status == 401)
            }
        }
    }

    @Test(arguments: DoorExample.dialects)
    func `a signature that fails is told what one must cover`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.rule()]) { door async throws in
            var sent = DoorExample.Sent(method: "POST")
            sent.headers[.signatureInput] = "sig=();keyid=\"sig_0000000000000000\""
            sent.headers[try #require(HTTPField.Name("Signature"))] = "sig=:AQI=:"
            let refused = try await door.ask(dialect, sent)
            #expect(refused.status == 401)
            #expect(refused["Accept-Signature"] == #"sig=("@method" "@target-uri" "content-digest");created"#)
        }
        // A rule that takes none asks for none, whatever the machine API does.
        try await DoorExample.run([DoorExample.rule { $0.proofs = [.apiKey] }]) { door async throws in
            var sent = DoorExample.Sent()
            sent.headers[.signatureInput] = "sig=();keyid=\"sig_0000000000000000\""
            #expect(try await door.ask(dialect, sent)["Accept-Signature"] == nil)
        }
    }
}
