import Foundation
import OAuthProtocol
import Runtime
import SwiftASN1
import TestKit
import Testing
import X509

@testable import Credentials

@Suite struct CertificateTrustTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    /// X509 has one of this name as well.
    private typealias Name = OAuthProtocol.DistinguishedName

    private let authority: TestAuthority

    init() throws {
        authority = try TestAuthority(now: now)
    }

    private func trust(lists: [[UInt8]] = []) throws -> CertificateTrust {
        try CertificateTrust(authorities: [authority.certificate], revocationLists: lists)
    }

    private func refusal(_ chain: [[UInt8]], trust: CertificateTrust? = nil, at date: Date? = nil) throws -> CertificateRefusal? {
        let trust = try trust ?? self.trust()
        do {
            _ = try trust.judge(chain, now: date ?? now)
            return nil
        } catch { return error }
    }

    private func list(
        _ authority: TestAuthority, revoked: [TestAuthority.Holder] = [], at date: Date? = nil, for lifetime: Duration = .hours(24)
    ) throws -> [UInt8] {
        let date = date ?? now
        let entries = try revoked.map { holder in
            let read = try ClientCertificate(parsing: holder.certificate)
            var entry = IssuedCertificate(
                serial: read.serial, thumbprint: read.thumbprint, purpose: .client, clientID: nil, scopes: [], names: [],
                expiresAt: read.notAfter, createdAt: date)
            entry.revokedAt = date
            entry.revokedReason = .keyCompromise
            return entry
        }
        return try CertificateListSigning.sign(
            entries, authority: authority.certificate, privateKey: Array(authority.holder.key.derRepresentation), number: 1, now: date,
            nextUpdate: date + lifetime)
    }

    @Test func `a client's certificate of a trusted authority is good, and its names are read`() throws {
        let subject = try X509.DistinguishedName {
            OrganizationName("Example")
            CommonName("Billing")
        }
        let holder = try authority.issue(subject, now: now) { wish in
            wish.names = [
                .dnsName("billing.example"), .uniformResourceIdentifier("spiffe://example/billing"), .rfc822Name("billing@example.org"),
                .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])),
            ]
        }
        let judged = try trust().judge([holder.certificate], now: now)
        let expected = try #require(Name(parsing: "cn=billing,O=EXAMPLE"))
        #expect(
            judged.certificate.names == [
                .subject(expected), .dns("billing.example"), .uri("spiffe://example/billing"), .email("billing@example.org"),
                .address([192, 0, 2, 1]),
            ])
        #expect(judged.certificate.serial == holder.serial.map { String(format: "%02x", $0) }.joined())
        #expect(judged.issuer == CertificateThumbprint(of: authority.certificate))
        #expect(judged.validUntil == judged.certificate.notAfter.addingTimeInterval(1))
        // RFC 5280 §4.2.1.12: without the extension the key is for anything.
        let plain = try authority.issue(now: now) { wish in
            wish.usages = nil
            wish.keyUsage = nil
        }
        #expect(try refusal([plain.certificate]) == nil)
    }

    @Test func `a certificate holds from its first to its last second`() throws {
        let holder = try authority.issue(now: now) { wish in
            wish.notBefore = now
            wish.notAfter = now + .hours(1)
        }
        #expect(try refusal([holder.certificate], at: now - .seconds(1)) == .notYetValid)
        #expect(try refusal([holder.certificate], at: now) == nil)
        #expect(try refusal([holder.certificate], at: now + .minutes(59)) == nil)
        #expect(try refusal([holder.certificate], at: now + .seconds(3_601)) == .expired)
    }

    @Test func `another authority, also one of the same name, vouches for nobody`() throws {
        let other = try TestAuthority("Other authority", now: now)
        #expect(try refusal([try other.issue(now: now).certificate]) == .unknownAuthority)
        #expect(try refusal([try other.issue(now: now).certificate, other.certificate]) == .unknownAuthority)
        let namesake = try TestAuthority(now: now)
        #expect(try refusal([try namesake.issue(now: now).certificate, namesake.certificate]) == .unknownAuthority)
        #expect(try refusal([try namesake.issue(now: now).certificate, authority.certificate]) == .unknownAuthority)
        #expect(try refusal([try TestAuthority.selfSigned("billing", now: now).certificate]) == .unknownAuthority)
        #expect(try CertificateTrust(authorities: [], revocationLists: []).isEmpty)
        let nobody = try CertificateTrust(authorities: [], revocationLists: [])
        #expect(try refusal([try authority.issue(now: now).certificate], trust: nobody) == .unknownAuthority)
    }

    @Test func `a certificate that was altered is nobody's`() throws {
        var der = try authority.issue("billing", now: now).certificate
        let place = try #require(Data(der).range(of: Data("billing".utf8))?.lowerBound)
        der[place] = UInt8(ascii: "k")
        #expect(try refusal([der]) == .unknownAuthority)
    }

    @Test func `a certificate for servers, or for signing nothing, is no client's`() throws {
        #expect(try refusal([try authority.issue(now: now) { $0.usages = [.serverAuth] }.certificate]) == .wrongPurpose)
        #expect(try refusal([try authority.issue(now: now) { $0.usages = [.any] }.certificate]) == .wrongPurpose)
        #expect(try refusal([try authority.issue(now: now) { $0.keyUsage = KeyUsage(keyAgreement: true) }.certificate]) == .wrongPurpose)
        #expect(try refusal([try authority.issue(now: now) { $0.keyUsage = KeyUsage(keyEncipherment: true) }.certificate]) == .wrongPurpose)
    }

    @Test func `an authority is no client, not even a trusted one`() throws {
        let below = try authority.intermediate("Below", now: now)
        #expect(try refusal([below.certificate]) == .wrongPurpose)
        let signing = try authority.issue(now: now) { wish in
            wish.constraints = .isCertificateAuthority(maxPathLength: nil)
            wish.keyUsage = KeyUsage(digitalSignature: true, keyCertSign: true)
        }
        #expect(try refusal([signing.certificate]) == .wrongPurpose)
        #expect(try refusal([authority.certificate]) != nil)
        // Trusted itself, it would be a chain of one, in which nobody vouches for anybody.
        let trust = try CertificateTrust(authorities: [signing.certificate], revocationLists: [])
        #expect(try refusal([signing.certificate], trust: trust) == .unknownAuthority)
    }

    @Test func `a chain may lead over authorities between, in any order`() throws {
        let middle = try authority.intermediate("Middle", now: now)
        let lower = try middle.intermediate("Lower", now: now)
        let leaf = try lower.issue(now: now).certificate
        #expect(try refusal([leaf, lower.certificate, middle.certificate]) == nil)
        #expect(try refusal([leaf, middle.certificate, lower.certificate, authority.certificate]) == nil)
        #expect(try refusal([leaf, lower.certificate]) == .unknownAuthority)
        #expect(try refusal([leaf]) == .unknownAuthority)
    }

    @Test func `five authorities between are the most`() throws {
        var (lowest, chain) = (authority, [[UInt8]]())
        for number in 1...6 {
            lowest = try lowest.intermediate("Between \(number)", now: now)
            chain.append(lowest.certificate)
            let leaf = try lowest.issue(now: now).certificate
            #expect(try refusal([leaf] + chain) == (number <= 5 ? nil : .brokenChain), "\(number)")
        }
    }

    @Test func `a chain that breaks the rules of its authorities is refused`() throws {
        // A client's certificate signs another.
        let leaf = try authority.issue("billing", now: now)
        let posing = try authority.intermediate("Posing", now: now, pathLength: 0)
        let below = try posing.intermediate("Below", now: now)
        #expect(try refusal([try below.issue(now: now).certificate, below.certificate, posing.certificate]) == .brokenChain)
        let impostor = TestAuthority(signingWith: leaf)
        #expect(try refusal([try impostor.issue("admin", now: now).certificate, leaf.certificate]) != nil)
        let bounded = try TestAuthority("Bounded", now: now, permittedDNS: ["example.org"])
        let trust = try CertificateTrust(authorities: [bounded.certificate], revocationLists: [])
        #expect(try refusal([try bounded.issue(now: now) { $0.names = [.dnsName("a.example.org")] }.certificate], trust: trust) == nil)
        #expect(
            try refusal([try bounded.issue(now: now) { $0.names = [.dnsName("example.com")] }.certificate], trust: trust) == .brokenChain)
    }

    @Test func `an operator may trust an authority without the one above it`() throws {
        let middle = try authority.intermediate("Middle", now: now)
        let trust = try CertificateTrust(authorities: [middle.certificate], revocationLists: [])
        #expect(try refusal([try middle.issue(now: now).certificate], trust: trust) == nil)
        #expect(try refusal([try authority.issue(now: now).certificate], trust: trust) == .unknownAuthority)
        #expect(throws: CertificateTrustError.self) {
            try CertificateTrust(authorities: [try authority.issue(now: now).certificate], revocationLists: [])
        }
    }

    @Test func `what an authority has revoked is refused, and nothing else`() throws {
        let revoked = try authority.issue("billing", now: now)
        let other = try authority.issue("billing", now: now)
        let trust = try trust(lists: [try list(authority, revoked: [revoked])])
        #expect(try refusal([revoked.certificate], trust: trust) == .revoked)
        let judged = try trust.judge([other.certificate], now: now)
        #expect(judged.validUntil == now + .hours(24))
    }

    @Test func `an outdated list refuses everybody, for nobody knows`() throws {
        let holder = try authority.issue(now: now)
        let trust = try trust(lists: [try list(authority)])
        #expect(try refusal([holder.certificate], trust: trust, at: now + .hours(25)) == .crlExpired)
        let early = try self.trust(lists: [try list(authority, at: now + .hours(1))])
        #expect(try refusal([holder.certificate], trust: early) == .crlUnusable)
    }

    @Test func `a list that somebody else signed in the authority's name is of no use`() throws {
        let namesake = try TestAuthority(now: now)
        let trust = try trust(lists: [try list(namesake)])
        #expect(try refusal([try authority.issue(now: now).certificate], trust: trust) == .crlUnusable)
    }

    @Test func `an authority between can be revoked`() throws {
        let middle = try authority.intermediate("Middle", now: now)
        let leaf = try middle.issue(now: now).certificate
        let trust = try trust(lists: [try list(authority, revoked: [middle.holder])])
        #expect(try refusal([leaf, middle.certificate], trust: trust) == .revoked)
        let asked = try self.trust(lists: [try list(authority)])
        #expect(try refusal([leaf, middle.certificate], trust: asked) == nil)
    }

    private func fixture(_ name: String) throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).pem")
        return try #require(CertificatePEM.decode(Array(Data(contentsOf: file)), labels: ["CERTIFICATE"])?.first)
    }

    @Test func `weak keys and weak signatures are refused`() throws {
        let trust = try CertificateTrust(authorities: [try fixture("old-authority")], revocationLists: [])
        #expect(try refusal([try fixture("rsa-1024")], trust: trust) == .weakKey)
        #expect(try refusal([try fixture("sha-1")], trust: trust) == .weakKey)
    }

    /// libcrypto's level 2 takes curves from 224 bits.
    @Test func `a small curve is refused, the client's and that of an authority between`() throws {
        let trust = try CertificateTrust(authorities: [try fixture("p-256-authority")], revocationLists: [])
        #expect(try refusal([try fixture("p-224")], trust: trust) == .weakKey)
        #expect(try refusal([try fixture("below-p-224"), try fixture("p-224-authority")], trust: trust) == .weakKey)
        #expect(throws: CertificateTrustError.self) {
            try CertificateTrust(authorities: [try fixture("p-224-authority")], revocationLists: [])
        }
    }

    @Test func `a certificate that its holder signed needs a strong key as well`() throws {
        for name in ["rsa-1024", "p-224"] {
            #expect(throws: CertificateRefusal.weakKey) { try ClientCertificate.judgeSelfSigned(try fixture(name), now: now) }
        }
    }

    @Test func `what is no certificate is refused`() throws {
        let good = try authority.issue(now: now).certificate
        #expect(try refusal([]) == .missing)
        for bad in [[], [0x30], [0x30, 0x80, 0, 0], Array(good.dropLast()), good + [0], Array("-----BEGIN CERTIFICATE-----".utf8)] {
            #expect(try refusal([bad]) == .malformed)
            #expect(try refusal([good, bad]) == .malformed)
        }
        #expect(try refusal(Array(repeating: good, count: 11)) == .malformed)
        #expect(try refusal([good] + Array(repeating: authority.certificate, count: 9)) == nil)
    }

    @Test func `no altered byte makes a stranger's certificate good or the server fall`() throws {
        let good = try authority.issue(now: now).certificate
        let trust = try trust()
        for place in good.indices {
            var altered = good
            altered[place] ^= 1 << UInt8(place % 8)
            #expect(try refusal([altered], trust: trust) != nil, "\(place)")
        }
    }

    @Test func `a certificate that its holder signed is judged by its own times and purpose`() throws {
        let holder = try TestAuthority.selfSigned("billing", now: now)
        #expect(throws: Never.self) { try ClientCertificate.judgeSelfSigned(holder.certificate, now: now) }
        #expect(throws: CertificateRefusal.expired) { try ClientCertificate.judgeSelfSigned(holder.certificate, now: now + .days(31)) }
        #expect(throws: CertificateRefusal.notYetValid) { try ClientCertificate.judgeSelfSigned(holder.certificate, now: now - .days(2)) }
        let server = try TestAuthority.selfSigned("billing", now: now) { $0.usages = [.serverAuth] }
        #expect(throws: CertificateRefusal.wrongPurpose) { try ClientCertificate.judgeSelfSigned(server.certificate, now: now) }
    }
}
