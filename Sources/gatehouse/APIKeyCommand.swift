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

        @Argument(help: "The client that the key acts for.")
        var clientID: String

        @Option(help: "What the key is called in lists.")
        var name: String

        @Option(help: "The scopes that it carries, space-separated; at most those of the client.")
        var scope = ""

        @Option(help: "live, test or pub.")
        var kind = APIKeyText.Kind.live.rawValue

        @Option(name: .customLong("expires-in-days"), help: "After how many days it ends; never when left out.")
        var days: Int?

        func validate() throws {
            guard APIKeyText.Kind(rawValue: kind) != nil else { throw ValidationError("unknown kind \(kind)") }
            if let days, !(1...3_650).contains(days) { throw ValidationError("the days must be from 1 to 3650") }
        }

        func run() async throws {
            try await options.withDeployment { deployment in
                let wiring = deployment.wiring
                let now = wiring.parts.clock.now
                guard let client = try await wiring.clients.find(clientID) else { throw fail("no client \(clientID)") }
                let scopes = try ScopeSet(parsing: scope)
                guard scopes.isSubset(of: client.scopes) else { throw fail("the scope exceeds what the client may ask for") }
                let kind = APIKeyText.Kind(rawValue: kind) ?? .live
                guard kind != .publishable || scopes.isSubset(of: wiring.parts.publishableScopes) else {
                    throw fail("the scope exceeds api_keys.publishable_scopes")
                }
                var terms = CredentialTerms(owner: .client(client.id), name: name, scopes: scopes)
                terms.expiresAt = days.map { now + .days($0) }
                let (key, text) = try await wiring.issuance.issue(terms, kind: kind, by: "command", address: nil, now: now)
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
                var last = ""
                while true {
                    let page = try await APIKeyStore(deployment.database).list(owner: nil, after: last)
                    for key in page { print(key.credential.line(kind: key.kind.rawValue, now: now)) }
                    guard let next = page.last?.id else { return }
                    last = next
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
