import Foundation
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Credentials

/// What the operator names in files, and how long a judgement is kept.
@Suite struct CertificateDirectoryTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path() + "/certificates-\(UUID().uuidString)"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    }

    private static func list(_ authority: TestAuthority, revoked: [TestAuthority.Holder] = [], now: Date) throws -> [UInt8] {
        let entries = try revoked.map { holder in
            let read = try ClientCertificate(parsing: holder.certificate)
            var entry = IssuedCertificate(
                serial: read.serial, thumbprint: read.thumbprint, purpose: .client, clientID: nil, scopes: [], names: [],
                expiresAt: read.notAfter, createdAt: now)
            entry.revokedAt = now
            return entry
        }
        return try CertificateListSigning.sign(
            entries, authority: authority.certificate, privateKey: Array(authority.holder.key.derRepresentation), number: 1, now: now,
            nextUpdate: now + .hours(24))
    }

    private static func isGood(_ server: TestServer, _ certificate: [UInt8]) -> Bool {
        (try? server.wiring.certificates.judge([certificate], clientID: nil, now: server.clock.now)) != nil
    }

    @Test func `a revocation list is read again, and one that is broken changes nothing`() async throws {
        let folder = try Folder()
        let start = ManualClock().now
        let authority = try TestAuthority(now: start)
        let holder = try authority.issue(now: start)
        try folder.write(Array(authority.pem.utf8), "authority.pem")
        try folder.write(try Self.list(authority, now: start), "list.crl")
        try await TestServer.run(
            configure: { parts in
                parts.certificateFiles.authorities = ["\(folder.path)/authority.pem"]
                parts.certificateFiles.revocationLists = ["\(folder.path)/list.crl"]
            },
            { server in
                #expect(Self.isGood(server, holder.certificate))
                try folder.write([0x30, 0x03, 0x02, 0x01], "list.crl")
                await #expect(throws: CertificateTrustError.self) { try await server.wiring.certificates.reloadWhereNobodyTells() }
                #expect(Self.isGood(server, holder.certificate))
                try folder.write(Array("nothing".utf8), "list.crl")
                await #expect(throws: CertificateTrustError.self) { try await server.wiring.certificates.reloadWhereNobodyTells() }
                #expect(Self.isGood(server, holder.certificate))
                // What our own authority does takes effect all the same.
                let issuance = server.wiring.certificateIssuance
                _ = try await issuance.makeAuthority(name: "Local", permitted: [], by: "test", now: server.clock.now)
                #expect(server.wiring.certificates.authority != nil)
                try folder.write(try Self.list(authority, revoked: [holder], now: start), "list.crl")
                try await server.wiring.certificates.reloadWhereNobodyTells()
                #expect(!Self.isGood(server, holder.certificate))
            })
    }

    @Test func `a server does not start on a file that is no authority's`() async throws {
        let folder = try Folder()
        let start = ManualClock().now
        let authority = try TestAuthority(now: start)
        try folder.write(Array(TestAuthority.pem(try authority.issue(now: start).certificate, "CERTIFICATE").utf8), "leaf.pem")
        for name in ["leaf.pem", "missing.pem"] {
            await #expect(throws: CertificateTrustError.self) {
                try await TestServer.run(configure: { $0.certificateFiles.authorities = ["\(folder.path)/\(name)"] }) { _ in }
            }
        }
    }

    @Test func `a judgement that is kept does not outlive the certificate`() async throws {
        let folder = try Folder()
        let start = ManualClock().now
        let authority = try TestAuthority(now: start)
        try folder.write(authority.certificate, "authority.der")
        let holder = try authority.issue(now: start) { $0.notAfter = start + .seconds(30) }
        try await TestServer.run(
            configure: { $0.certificateFiles.authorities = ["\(folder.path)/authority.der"] },
            { server in
                #expect(Self.isGood(server, holder.certificate))
                server.clock.advance(by: .seconds(31))
                #expect(!Self.isGood(server, holder.certificate))
            })
    }

    @Test func `a certificate that came without those that vouch for it may come again with them`() async throws {
        let folder = try Folder()
        let start = ManualClock().now
        let authority = try TestAuthority(now: start)
        let middle = try authority.intermediate("Middle", now: start)
        try folder.write(authority.certificate, "authority.der")
        let leaf = try middle.issue(now: start).certificate
        try await TestServer.run(
            configure: { $0.certificateFiles.authorities = ["\(folder.path)/authority.der"] },
            { server in
                #expect(!Self.isGood(server, leaf))
                let judged = try? server.wiring.certificates.judge([leaf, middle.certificate], clientID: nil, now: server.clock.now)
                #expect(judged != nil)
            })
    }
}
