import FoundationEssentials
import Keys
import OAuthProtocol
import TestKit
import Testing

@testable import Accounts

/// What federation seals for one row opens in no other: who can write to the database, and has no master key, moves nobody's secrets.
@Suite struct FederationSealingTests {
    struct Column: Sendable, CustomTestStringConvertible {
        let table: String
        let column: String
        let row: String

        var testDescription: String { "\(table).\(column)" }
    }

    static let columns = [
        Column(table: "federation_flows", column: "secrets", row: "id"), Column(table: "federation_flows", column: "delivery", row: "id"),
        Column(table: "upstream_tokens", column: "tokens", row: "identity_id"),
        Column(table: "pending_identities", column: "identity", row: "sign_in_id"),
    ]

    @Test(arguments: columns)
    func `what is sealed for one row opens in no other`(_ column: Column) async throws {
        try await FederationSignInTests.run(change: {
            $0.tokenClients = ["app"]
            $0.responseMode = .formPost
        }) { server, provider, _ in
            let open = try await Self.fill(column.table, server, provider)
            try await open()
            let swap = """
                update \(column.table) t set \(column.column) = o.\(column.column)
                from \(column.table) o where o.\(column.row) <> t.\(column.row)
                """
            #expect(try await server.database.execute(swap) == 2)
            await #expect(throws: MasterKeyError.self) { try await open() }
        }
    }

    /// Makes two rows.
    /// - Returns: opens both, as the server does.
    private static func fill(
        _ table: String, _ server: TestServer, _ provider: TestProvider
    ) async throws -> @Sendable () async throws -> Void {
        let masterKeys = server.wiring.parts.masterKeys
        let now = server.clock.now
        switch table {
        case "federation_flows":
            var states: [String] = []
            for code in ["one", "two"] {
                let state = try #require(try await TestBrowser(server).open("/sign-in/with/corp").locationParameter("state"))
                _ = try await TestBrowser(server).exchange(.post, "/sign-in/callback/corp", [("state", state), ("code", code)])
                states.append(state)
            }
            return { [states] () async throws in
                let store = FederationFlowStore(server.database, masterKeys: masterKeys)
                for state in states { #expect(try await store.find(state: state, now: now)?.delivery != nil) }
            }
        case "upstream_tokens":
            var people: [UUID] = []
            for name in ["ada", "grace"] {
                provider.setPerson(["sub": .string(name), "email": .string("\(name)@idp.example")])
                _ = try await server.signIn(with: provider, browser: TestBrowser(server))
                people.append(try #require(try await UserStore(server.database).find(login: "\(name)@idp.example")).id)
            }
            return { [people] () async throws in
                let store = UpstreamTokenStore(server.database, masterKeys: masterKeys)
                for person in people { #expect(try await store.find(userID: person, providerID: "corp") != nil) }
            }
        default:
            for name in ["ada", "grace"] {
                try await server.addUser(name) { $0.email = "\(name)@idp.example" }
                provider.setPerson(["sub": .string(name), "email": .string("\(name)@idp.example")])
                _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            }
            let signIns = try await server.database.all("select sign_in_id from pending_identities") { try $0.uuid(0) }
            return { () async throws in
                let store = PendingIdentityStore(server.database, masterKeys: masterKeys)
                for signIn in signIns { #expect(try await store.find(signIn) != nil) }
            }
        }
    }
}
