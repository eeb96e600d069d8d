import FoundationEssentials
import NIOSSL
import OAuthProtocol
import Runtime
import TestKit
import Testing
import Web

@testable import GatehouseServer

@Suite struct ListenersTests {
    private static func base64(_ pem: String) throws -> String {
        Base64.encode(try #require(NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).first).toDERBytes())
    }

    @Test(arguments: [false, true])
    func `the first port serves TLS and never asks for a certificate`(isHTTP2: Bool) async throws {
        try await ListenerBench.run { bench in
            let client = try ListenerClient(
                showing: [TestCertificates.client, TestCertificates.authority], key: TestCertificates.clientKey, isHTTP2: isHTTP2)
            let answer = try await client.use { try await $0.ask(bench.port) }
            #expect(answer.version == (isHTTP2 ? "HTTP/2.0" : "HTTP/1.1"))
            #expect(answer.certificates == [])
            #expect(answer.address == "127.0.0.1" || answer.address == "::1")
        }
    }

    @Test(arguments: [false, true])
    func `the second port hands over whatever certificate the client proves`(isHTTP2: Bool) async throws {
        try await ListenerBench.run { bench in
            let shown = [TestCertificates.client, TestCertificates.authority]
            let shownBytes = try shown.map(Self.base64)
            let client = try ListenerClient(showing: shown, key: TestCertificates.clientKey, isHTTP2: isHTTP2)
            try await client.use { client in
                for _ in 0..<3 {
                    let answer = try await client.ask(bench.mutualPort)
                    #expect(answer.version == (isHTTP2 ? "HTTP/2.0" : "HTTP/1.1"))
                    #expect(answer.certificates == shownBytes)
                }
            }
            let without = try await ListenerClient(isHTTP2: isHTTP2).use { try await $0.ask(bench.mutualPort) }
            #expect(without.certificates == [])
        }
    }

    @Test func `one client's certificate is no other's`() async throws {
        try await ListenerBench.run { bench in
            let first = try ListenerClient(showing: [TestCertificates.client], key: TestCertificates.clientKey, isHTTP2: true)
            let second = try ListenerClient(showing: [TestCertificates.expired], key: TestCertificates.expiredKey, isHTTP2: true)
            let (one, other) = (try Self.base64(TestCertificates.client), try Self.base64(TestCertificates.expired))
            try await first.use { first in
                try await second.use { second in
                    for _ in 0..<3 {
                        let answers = (try await first.ask(bench.mutualPort), try await second.ask(bench.mutualPort))
                        #expect(answers.0.certificates == [one])
                        #expect(answers.1.certificates == [other])
                    }
                }
            }
        }
    }

    @Test func `a chain of more than eight certificates is refused`() async throws {
        try await ListenerBench.run { bench in
            for (count, isTaken) in [(7, true), (8, false)] {
                let shown = [TestCertificates.client] + Array(repeating: TestCertificates.authority, count: count)
                let client = try ListenerClient(showing: shown, key: TestCertificates.clientKey)
                let answer = try await client.use { try? await $0.ask(bench.mutualPort) }
                #expect((answer != nil) == isTaken, "\(count)")
            }
        }
    }

    @Test func `a certificate of more than sixteen kibibytes is refused`() async throws {
        try await ListenerBench.run { bench in
            for (count, isTaken) in [(200, true), (400, false)] {
                let holder = try TestAuthority.selfSigned("large", now: Date(timeIntervalSince1970: 1_800_000_000)) { wish in
                    wish.names = (0..<count).map { .dnsName("host-\($0).a-name-of-some-length.example.org") }
                }
                #expect((holder.certificate.count <= 16_384) == isTaken)
                let client = try ListenerClient(
                    showing: [TestAuthority.pem(holder.certificate, "CERTIFICATE")], key: holder.key.pemRepresentation)
                let answer = try await client.use { try? await $0.ask(bench.mutualPort) }
                #expect(answer?.certificates == (isTaken ? [Base64.encode(holder.certificate)] : nil), "\(count)")
            }
        }
    }

    @Test func `TLS 1.2 is spoken only where the settings say so`() async throws {
        try await ListenerBench.run { bench in
            for port in [bench.port, bench.mutualPort] {
                let answer = try await ListenerClient(versionMax: .tlsv12).use { try? await $0.ask(port) }
                #expect(answer == nil)
            }
        }
        let older = """
            { port: 0, tls: { certificate: DIRECTORY/server.crt, private_key: DIRECTORY/server.key, version_min: "1.2" },
              mutual_tls: { port: 0 } }
            """
        try await ListenerBench.run(older) { bench in
            let client = try ListenerClient(showing: [TestCertificates.client], key: TestCertificates.clientKey, versionMax: .tlsv12)
            let shown = try Self.base64(TestCertificates.client)
            try await client.use { client in
                let answers = (try await client.ask(bench.port), try await client.ask(bench.mutualPort))
                #expect(answers.0.certificates == [])
                #expect(answers.1.certificates == [shown])
            }
            let oldest = try await ListenerClient(versionMax: .tlsv11).use { try? await $0.ask(bench.port) }
            #expect(oldest == nil)
        }
    }

    @Test func `a new certificate serves new connections, and the old ones go on`() async throws {
        try await ListenerBench.run { bench in
            for port in [bench.port, bench.mutualPort] {
                try bench.write(TestCertificates.first, TestCertificates.firstKey)
                try await bench.reload()
                try await ListenerClient().use { old in
                    _ = try await old.ask(port)
                    try bench.write(TestCertificates.second, TestCertificates.secondKey)
                    try await bench.reload()
                    _ = try await ListenerClient(trusting: TestCertificates.second).use { try await $0.ask(port) }
                    let late = try await ListenerClient().use { try? await $0.ask(port) }
                    #expect(late == nil)
                    // This one trusts the first certificate only, so it has to be the connection of before.
                    _ = try await old.ask(port)
                }
            }
        }
    }

    @Test func `a broken new certificate leaves the old one in use, and is told once`() async throws {
        try await ListenerBench.run { bench in
            let files = TLSFiles(certificate: bench.directory + "/server.crt", privateKey: bench.directory + "/server.key")
            let credentials = try TLSCredentials(files)
            for (certificate, key) in [
                ("", ""), (TestCertificates.second, TestCertificates.firstKey), ("garbage", TestCertificates.firstKey),
                (TestCertificates.second, "garbage"),
            ] {
                try bench.write(certificate, key)
                try await bench.reload()
                _ = try await ListenerClient().use { try await $0.ask(bench.port) }
                guard case .refused = credentials.reload() else { throw TestFormError(description: "not refused") }
                guard case .unchanged = credentials.reload() else { throw TestFormError(description: "told twice") }
            }
            try FileManager.default.removeItem(atPath: files.certificate)
            guard case .refused(let problem) = credentials.reload() else { throw TestFormError(description: "not refused") }
            #expect(problem.description.contains("no such file"))
            guard case .unchanged = credentials.reload() else { throw TestFormError(description: "told twice") }
            try bench.write(TestCertificates.first, TestCertificates.firstKey)
            guard case .unchanged = credentials.reload() else { throw TestFormError(description: "nothing is new") }
            try bench.write(TestCertificates.second, TestCertificates.secondKey)
            guard case .replaced = credentials.reload() else { throw TestFormError(description: "not replaced") }
        }
    }

    @Test func `the second port may have a certificate of its own`() async throws {
        let settings = """
            { port: 0, mutual_tls: { port: 0, certificate: DIRECTORY/server.crt, private_key: DIRECTORY/server.key } }
            """
        try await ListenerBench.run(settings) { bench in
            _ = try await ListenerClient().use { try await $0.ask(bench.mutualPort) }
            let first = try await ListenerClient().use { try? await $0.ask(bench.port) }
            #expect(first == nil)
        }
    }

    @Test func `what is wrong with the files is said at the start`() async throws {
        try await ListenerBench.run { bench in
            func problem(_ certificate: String, _ key: String) -> String {
                do throws(TLSProblem) {
                    _ = try TLSCredentials(TLSFiles(certificate: certificate, privateKey: key))
                    return ""
                } catch {
                    return error.description
                }
            }
            let (certificate, key) = (bench.directory + "/server.crt", bench.directory + "/server.key")
            #expect(problem(certificate, key) == "")
            #expect(problem(certificate, bench.directory + "/none").hasSuffix("/none can not be read: there is no such file"))
            #expect(problem(key, key).hasSuffix("server.key holds no certificate in PEM"))
            #expect(problem(certificate, certificate).contains("server.crt holds no private key in PEM"))
            try bench.write(TestCertificates.second, TestCertificates.firstKey)
            #expect(problem(certificate, key).contains("does not belong to the first certificate"))
        }
    }

    @Test func `a certificate's last days are told`() async throws {
        try await ListenerBench.run { bench in
            try bench.write(TestCertificates.expired, TestCertificates.expiredKey)
            let files = TLSFiles(certificate: bench.directory + "/server.crt", privateKey: bench.directory + "/server.key")
            // Expired or not, it is served: what clients make of it is theirs to say.
            let certificate = try TLSCertificate(files)
            let end = certificate.expiresAt
            #expect(Listeners.warning(of: certificate, now: end - .days(15)) == nil)
            #expect(Listeners.warning(of: certificate, now: end - .days(13))?.contains("expires soon: 2021-01-01T00:00:00Z") == true)
            #expect(Listeners.warning(of: certificate, now: end)?.contains("has expired") == true)
            #expect(Listeners.warning(of: certificate, now: certificate.startsAt - .days(1))?.contains("not valid yet") == true)
        }
    }
}
