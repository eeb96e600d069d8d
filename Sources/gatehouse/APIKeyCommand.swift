import ArgumentParser
import Credentials
import Foundation
import GatehouseServer
import Keys
import OAuthProtocol
import Postgres
import Runtime

struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Create, list, rotate and revoke API keys.",
        subcommands: [Create.self, List.self, Rotate.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a key for a client, and print it once.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var credential: CredentialOptions

        @Option(help: "live, test or pub.")
        var kind = APIKeyText.Kind.live.rawValue

        func validate() throws {
            guard APIKeyText.Kind(rawValue: kind) != nil else { throw ValidationError("unknown kind \(kind)") }
        }

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let terms = try await credential.terms(wiring)
                let kind = APIKeyText.Kind(rawValue: kind) ?? .live
                guard kind != .publishable || terms.scopes.isSubset(of: wiring.parts.publishableScopes) else {
                    throw fail("the scope exceeds api_keys.publishable_scopes")
                }
                let (key, text) = try await wiring.issuance.issue(
                    terms, kind: kind, by: "command", address: nil, now: wiring.parts.clock.now)
                print("key_id: \(key.id)\nkey: \(text.text)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys: id, kind, owner, name, scopes, state.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                let now = deployment.wiring.parts.clock.now
                try await CredentialList.show(credential: \.credential) { (key: APIKey) in
                    key.credential.line(kind: key.kind.rawValue, now: now)
                } load: {
                    try await APIKeyStore(deployment.database).list(owner: nil, after: $0)
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a successor with the same rights, and print it once.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var overlap: OverlapOptions

        @Argument(help: "The id of the key.")
        var keyID: String

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                guard let key = try await APIKeyStore(wiring.database).find(id: keyID) else { throw fail("no key \(keyID)") }
                let (successor, text) = try await wiring.issuance.rotate(
                    key, overlap: overlap.duration, by: "command", address: nil, now: wiring.parts.clock.now)
                print("key_id: \(successor.id)\nkey: \(text.text)")
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
                guard let key = try await APIKeyStore(wiring.database).find(id: keyID) else { throw fail("no key \(keyID)") }
                let isRevoked = try await wiring.issuance.revoke(key, by: "command", address: nil, now: wiring.parts.clock.now)
                print(isRevoked ? "revoked \(key.id)" : "\(key.id) was revoked already")
            }
        }
    }
}
