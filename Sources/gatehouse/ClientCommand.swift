import ArgumentParser
import Audit
import Foundation
import GatehouseServer
import Keys
import OAuth
import OAuthProtocol
import Postgres
import Runtime

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Create and list clients.", subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a client, and print its secret once.")

        @OptionGroup var options: SettingsOptions

        @Argument(help: "The client id.")
        var clientID: String

        @Option(help: "The name that people see.")
        var name: String?

        @Option(name: .customLong("redirect-uri"), help: "Where answers may go; may be repeated.")
        var redirectURIs: [String] = []

        @Option(name: .customLong("grant-type"), help: "authorization_code, refresh_token, client_credentials; may be repeated.")
        var grantTypes: [String] = []

        @Option(help: "The scopes that it may ask for, space-separated.")
        var scope = "openid profile email"

        @Flag(name: .customLong("public"), help: "Without a secret: an application on people's own devices.")
        var isPublic = false

        func run() async throws {
            let types = grantTypes.isEmpty ? ["authorization_code", "refresh_token"] : grantTypes
            let metadata: ClientMetadata
            let scopes: ScopeSet
            do {
                guard !clientID.isEmpty, clientID.utf8.count <= 255, clientID.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A })
                else { throw OAuthError.invalidRequest("the client id must be visible ASCII without a colon, 255 characters at most") }
                scopes = try ScopeSet(parsing: scope)
                metadata = try ClientMetadata(
                    registering: .object([
                        "client_name": .string(name ?? clientID), "redirect_uris": .strings(redirectURIs), "grant_types": .strings(types),
                        "token_endpoint_auth_method": isPublic ? "none" : "client_secret_basic",
                    ]), policy: .declared)
            } catch {
                throw fail("\(error)")
            }
            try await options.withDeployment { deployment in
                if let unknown = scopes.array.first(where: { !deployment.settings.declares(scope: $0) }) {
                    throw fail("no resource declares the scope \(unknown)")
                }
                let wiring = deployment.wiring
                let now = wiring.parts.clock.now
                var client = Client(id: clientID, metadata: metadata, origin: .created, scopes: scopes, now: now)
                let secret = isPublic ? nil : ClientSecret.generate(randomness: wiring.parts.randomness)
                client.secretHash = secret?.hash
                let created = client
                do {
                    try await wiring.database.transaction { transaction in
                        try await ClientStore(transaction).insert(created)
                        try await ClientStore(transaction).announceChange()
                        try await wiring.audit.insert(
                            AuditEvent(.clientCreated, clientID: created.id, detail: ["by": "command"]), now: now, in: transaction)
                    }
                } catch let error as PostgresError where error.violatesUnique() {
                    throw fail("a client with this id exists already")
                }
                print("client_id: \(created.id)")
                if let secret { print("client_secret: \(secret.text)") }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List clients by id: id, name, origin, grant types, state.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                var last = ""
                while true {
                    let page = try await ClientStore(deployment.database).list(after: last)
                    for client in page {
                        let grants = client.metadata.grantTypes.map(\.rawValue).joined(separator: " ")
                        let state = client.disabledAt == nil ? "active" : "disabled"
                        print("\(client.id)  \(client.displayName)  \(client.origin.rawValue)  [\(grants)]  \(state)")
                    }
                    guard let next = page.last?.id else { return }
                    last = next
                }
            }
        }
    }
}
