import Keys
import OAuthProtocol
import Runtime
import TestKit
import Testing

@testable import Credentials
@testable import GatehouseServer

@Suite struct SealedTablesTests {
    /// Bytes that are neither sealed nor a hash.
    private static let plain: Set = [
        "refresh_tokens.successor_salt", "certificate_authorities.revocation_list", "certificates.thumbprint",
    ]

    @Test func `every column of bytes is sealed and listed, or a hash, or known to be no secret`() async throws {
        let stored = try await TestDatabase.withDatabase { database in
            try await database.all(
                """
                select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                    and a.attnum > 0 and not a.attisdropped and a.atttypid in ('bytea'::regtype, 'bytea[]'::regtype)
                """
            ) { try $0.text(0) }
        }
        let sealed = Set(SealedTables.all.flatMap { table in table.columns.map { "\(table.name).\($0)" } })
        #expect(!sealed.isEmpty && sealed.isSubset(of: stored))
        #expect(sealed.isDisjoint(with: Self.plain))
        for column in stored where !column.hasSuffix("_hash") && !Self.plain.contains(column) {
            #expect(sealed.contains(column), "\(column): list it in SealedTables, or here")
        }
    }

    @Test func `the row of a sealed table is its primary key`() async throws {
        try await TestDatabase.withDatabase { database in
            for table in SealedTables.all {
                let keys = try await database.all(
                    """
                    select a.attname::text, format_type(a.atttypid, null) from pg_index i
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
                    where i.indrelid = $1::regclass and i.indisprimary
                    """, [.text(table.name)]
                ) { "\(try $0.text(0)) \(try $0.text(1))" }
                #expect(keys == ["\(table.row) \(table.rowType.rawValue)"], "\(table.name)")
            }
        }
    }

    @Test func `what the server seals moves to the first master key in every table, and works on without the old one`() async throws {
        let internet = TestInternet()
        try await TestServer.run(configure: { $0.outbound = internet.outbound() }) { server in
            let wiring = server.wiring
            let now = server.clock.now
            let provider = TestProvider(clock: server.clock)
            internet.add(provider)
            try await server.declare(provider.declaration { $0.tokenClients = ["app"] })
            // Tokens, a browser that is expected back, an identity that waits for proof.
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            _ = try await TestBrowser(server).open("/sign-in/with/corp")
            provider.setPerson(["sub": "another"])
            _ = try await server.signIn(with: provider, browser: TestBrowser(server))
            try await server.addClient()
            _ = try await wiring.certificateIssuance.makeAuthority(name: "Test", permitted: [], by: "test", now: now)
            let terms = CredentialTerms(owner: .client("app"), name: "test", scopes: [])
            let (key, _) = try await wiring.signatureKeyIssuance.issue(
                terms, from: .generated, by: "test", address: nil, now: now)
            let before = try await Reencryption.countValues(SealedTables.all, server.database)
            #expect(before == ["1": 11])

            let fresh = MasterKeys.generate(keyID: "new", randomness: SystemRandomness())
            var parts = wiring.parts
            parts.masterKeys = try MasterKeys(parsing: "\(fresh.text),\(wiring.parts.masterKeys.text)")
            try await ServerJobs.all(try Wiring(parts, database: server.database)).first { $0.name == "re-encryption" }?.run(now)
            #expect(try await Reencryption.countValues(SealedTables.all, server.database) == ["new": 11])

            parts.masterKeys = fresh
            let later = try Wiring(parts, database: server.database)
            try await later.load(now: now)
            #expect(later.keys.etag == wiring.keys.etag)
            #expect(try await later.federation.directory.find("corp")?.secret?.text == "an-upstream-secret")
            #expect(try await later.signatureKeys.find(key.credential.id, now: now)?.keys(now: now).count == 1)
            #expect(try await SealedTables.reencryption(later).check().unopened == [])
        }
    }
}
