import ArgumentParser
import Credentials
import Foundation
import GatehouseServer
import OAuthProtocol
import Runtime

struct CertificatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates", abstract: "A certificate authority for local stacks: make it, issue, revoke, list.",
        subcommands: [Initialise.self, CertificateIssueCommand.self, Revoke.self, List.self])

    struct Initialise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Make the authority and write its certificate; its key stays in the database, encrypted.")

        @OptionGroup var options: SettingsOptions

        @Option(help: "What the authority is called.")
        var name: String?

        @Option(help: "A DNS name that its certificates may carry, with all below it; may be repeated; any when left out.")
        var permit: [String] = []

        @Option(help: "Where to write its certificate (PEM); standard output when left out.")
        var certificate: String?

        func validate() throws {
            for name in permit where CertificateName(parsing: "dns:\(name)") == nil { throw ValidationError("\(name) is no DNS name") }
            if let name, !(1...CertificateIssuance.commonNameCharactersMax).contains(name.unicodeScalars.count) {
                throw ValidationError("a name has 1 to \(CertificateIssuance.commonNameCharactersMax) characters")
            }
        }

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let made = try await wiring.certificateIssuance.makeAuthority(
                    name: name ?? "Gatehouse local authority", permitted: permit, by: "command", now: wiring.parts.clock.now)
                try CertificateFile.write(CertificatePEM.encode(made, label: "CERTIFICATE"), to: certificate)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a certificate at once, on every node.")

        @OptionGroup var options: SettingsOptions

        @Argument(help: "The serial number, in hexadecimal.")
        var serial: String

        @Option(help: "\(CertificateRevocationReason.allCases.map(\.rawValue).joined(separator: ", ")).")
        var reason = CertificateRevocationReason.unspecified.rawValue

        func validate() throws {
            guard CertificateRevocationReason(rawValue: reason) != nil else { throw ValidationError("unknown reason \(reason)") }
        }

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                // As other programs print it.
                let serial = serial.lowercased().filter { $0 != ":" }
                let isRevoked = try await wiring.certificateIssuance.revoke(
                    serial, reason: CertificateRevocationReason(rawValue: reason) ?? .unspecified, by: "command",
                    now: wiring.parts.clock.now)
                print(isRevoked ? "revoked \(serial)" : "\(serial) was revoked already")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List certificates: serial, purpose, client, names, end, state.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                let now = deployment.wiring.parts.clock.now
                var last = ""
                while true {
                    let page = try await CertificateStore(deployment.database).list(after: last)
                    for certificate in page {
                        let state =
                            certificate.revokedReason.map { "revoked (\($0.rawValue))" }
                            ?? (certificate.expiresAt < now ? "expired" : "active")
                        print(
                            "\(certificate.serial)  \(certificate.purpose.rawValue)  \(certificate.clientID ?? "-")  "
                                + "[\(certificate.names.joined(separator: " "))]  \(certificate.expiresAt.formatted(.iso8601))  \(state)")
                    }
                    guard let next = page.last?.serial else { return }
                    last = next
                }
            }
        }
    }
}
