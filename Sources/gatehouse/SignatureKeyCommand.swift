import ArgumentParser
import Credentials
import Foundation
import GatehouseServer
import OAuthProtocol
import Postgres
import Runtime

struct SignatureKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signature-key", abstract: "Create, list, rotate and revoke keys that requests are signed with (RFC 9421).",
        subcommands: [Create.self, List.self, Rotate.self, Revoke.self])

    /// What a key is to check with.
    struct Source: ParsableArguments {
        @Option(help: "A file with a public key as JWK (EC on P-256, or OKP on Ed25519), in place of a secret that we make.")
        var jwk: String?

        @Flag(name: .customLong("import"), help: "Read a secret of 32 bytes or more, in base64, from standard input.")
        var imports = false

        func read() throws -> SignatureKeyIssuance.Source {
            guard jwk == nil || !imports else { throw fail("a key has either a JWK or a secret") }
            if let jwk {
                guard let bytes = FileManager.default.contents(atPath: jwk), let json = try? JSONValue(parsing: bytes),
                    let material = try? SignatureKeyMaterial(jwk: json)
                else { throw fail("\(jwk) holds no public key on P-256 or Ed25519 as JWK") }
                return .given(material)
            }
            guard imports else { return .generated }
            let text = try PasswordPrompt.read("Secret (base64): ")
            guard let secret = Base64.decode(utf8: text.utf8), let material = try? SignatureKeyMaterial(secret: secret) else {
                throw fail("the secret must be base64 of 32 to 1024 bytes")
            }
            return .given(material)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a key for a client, and print its secret once.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var source: Source
        @OptionGroup var credential: CredentialOptions

        func run() async throws {
            let source = try source.read()
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let (key, secret) = try await wiring.signatureKeyIssuance.issue(
                    try await credential.terms(wiring), from: source, by: "command", address: nil, now: wiring.parts.clock.now)
                SignatureKeyCommand.show(key, secret)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys: id, algorithm, owner, name, scopes, state.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                let now = deployment.wiring.parts.clock.now
                try await CredentialList.show(credential: \.credential) { (key: SignatureKeySummary) in
                    key.credential.line(kind: key.algorithm.rawValue, now: now)
                } load: {
                    try await SignatureKeyStore(deployment.database).list(owner: nil, after: $0)
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a new secret or public key behind the same id; what stood there works on for a while.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var source: Source
        @OptionGroup var overlap: OverlapOptions

        @Argument(help: "The id of the key.")
        var keyID: String

        func run() async throws {
            let source = try source.read()
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                guard try await SignatureKeyStore(wiring.database).findSummary(id: keyID) != nil else { throw fail("no key \(keyID)") }
                let (key, secret) = try await wiring.signatureKeyIssuance.rotate(
                    keyID, from: source, overlap: overlap.duration, by: "command", address: nil, now: wiring.parts.clock.now)
                SignatureKeyCommand.show(key, secret)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key at once, on every node.")

        @OptionGroup var options: SettingsOptions

        @Argument(help: "The id of the key.")
        var keyID: String

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                guard let key = try await SignatureKeyStore(wiring.database).findSummary(id: keyID) else { throw fail("no key \(keyID)") }
                let isRevoked = try await wiring.signatureKeyIssuance.revoke(
                    key.credential, by: "command", address: nil, now: wiring.parts.clock.now)
                print(isRevoked ? "revoked \(keyID)" : "\(keyID) was revoked already")
            }
        }
    }

    private static func show(_ key: SignatureKeySummary, _ secret: String?) {
        print("key_id: \(key.credential.id)\nalgorithm: \(key.algorithm.rawValue)")
        if let secret { print("secret: \(secret)") }
    }
}
