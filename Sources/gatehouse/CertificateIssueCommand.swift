import ArgumentParser
import Credentials
import Foundation
import GatehouseServer
import Glibc
import OAuthProtocol
import Runtime

struct CertificateIssueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Sign a certificate for a client, or for a server.",
        discussion: "Of a request only the key counts: names and times are those given here.")

    @OptionGroup var options: SettingsOptions

    @Option(help: "The client that the certificate is for.")
    var client: String?

    @Flag(help: "For a TLS server of a local stack.")
    var server = false

    @Option(help: "The certificate request, PEM or DER. A server's may be left out: then a key is made and written to --key.")
    var csr: String?

    @Option(name: .customLong("name"), help: "A server's DNS name or IP address; may be repeated.")
    var names: [String] = []

    @Option(name: .customLong("san"), help: "A client's further name: dns:…, uri:…, ip:… or email:…; may be repeated.")
    var alternativeNames: [String] = []

    @Option(help: "What a client may do on the certificate alone, space-separated; at most the client's own scopes.")
    var scope = ""

    @Option(help: "For how long it holds.")
    var days = 90

    @Option(help: "Where to write the certificate (PEM); standard output when left out.")
    var certificate: String?

    @Option(help: "Where to write a server's new key; must not exist.")
    var key: String?

    func validate() throws {
        guard (client == nil) == server else { throw ValidationError("name a --client, or say --server") }
        guard (1...825).contains(days) else { throw ValidationError("the days must be from 1 to 825") }
        if server {
            guard !names.isEmpty else { throw ValidationError("a server needs a --name") }
            guard (csr == nil) != (key == nil) else { throw ValidationError("give the server's --csr, or say where its new --key goes") }
            guard alternativeNames.isEmpty, scope.isEmpty else { throw ValidationError("--san and --scope are for clients") }
        } else {
            guard csr != nil, key == nil else { throw ValidationError("a client makes its own key: give its --csr") }
            guard names.isEmpty else { throw ValidationError("--name is for servers; a client's further names are --san") }
        }
        _ = try wantedNames()
    }

    func run() async throws {
        let request = try csr.map(CertificateFile.readRequest)
        try await options.withDeployment { deployment in
            let wiring = deployment.wiring
            let now = wiring.parts.clock.now
            var wish = CertificateIssuance.Wish(
                purpose: server ? .server : .client, commonName: client ?? names.first ?? "", lifetime: .days(days))
            wish.names = try wantedNames()
            if let client {
                guard let found = try await wiring.clients.find(client) else { throw fail("no client \(client)") }
                wish.clientID = found.id
                wish.scopes = try ScopeSet(parsing: scope)
                guard wish.scopes.isSubset(of: found.scopes) else { throw fail("the scope exceeds what the client may ask for") }
            }
            // Before anything is on record.
            if let key, FileManager.default.fileExists(atPath: key) { throw fail("\(key) exists already") }
            let issued = try await wiring.certificateIssuance.issue(wish, request: request, by: "command", now: now)
            if let key, let text = issued.privateKey { try CertificateFile.writeSecret(text + "\n", to: key) }
            try CertificateFile.write(CertificatePEM.encode(issued.certificate, label: "CERTIFICATE"), to: certificate)
            // Standard output may be the certificate's.
            let lines = "serial: \(issued.serial)\nsubject: CN=\(wish.commonName)\n"
            if certificate == nil { FileHandle.standardError.write(Data(lines.utf8)) } else { print(lines, terminator: "") }
        }
    }

    private func wantedNames() throws -> [CertificateName] {
        let texts = server ? names.map { (CertificateName.addressBytes($0) == nil ? "dns:" : "ip:") + $0 } : alternativeNames
        return try texts.map { text in
            guard let name = CertificateName(parsing: text) else {
                throw ValidationError("\(text) is no name that a certificate can carry")
            }
            return name
        }
    }
}

/// The files that the commands for certificates read and write.
enum CertificateFile {
    static func readRequest(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 65_536 else { throw fail("\(path) can not be read") }
        let blocks = CertificatePEM.decode(Array(data), labels: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])
        guard let blocks, blocks.count == 1 else { throw fail("\(path) holds no certificate request") }
        return blocks[0]
    }

    /// - Parameter path: nil for standard output.
    static func write(_ text: String, to path: String?) throws {
        guard let path else { return print(text, terminator: "") }
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch { throw fail("\(path) can not be written: \(error)") }
    }

    /// For its owner's eyes; never over something that is there.
    static func writeSecret(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fail("\(path) can not be written: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw fail("\(path) can not be written") }
    }
}
