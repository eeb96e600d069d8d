import Accounts
import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@Suite struct UserStoreTests {
    private static let now = ManualClock().now

    private func user(_ username: String, email: String? = nil) -> User {
        var user = User(id: UUID(), username: username, now: Self.now)
        user.email = email
        return user
    }

    @Test func `a person comes back as they were written`() async throws {
        try await TestDatabase.withDatabase { database in
            var ada = user("Ada", email: "Ada@Example.org")
            ada.emailVerified = true
            ada.phoneNumber = "+44 20 7946 0000"
            ada.claims = ["name": "Ada Lovelace", "address": ["country": "GB"], "birthdate": "1815-12-10"]
            ada.roles = ["admin", "reader"]
            try await UserStore(database).insert(ada)
            let found = try #require(try await UserStore(database).find(id: ada.id))
            #expect(found.username == "Ada" && found.email == "Ada@Example.org" && found.emailVerified)
            #expect(found.phoneNumber == ada.phoneNumber && !found.phoneNumberVerified)
            #expect(found.claims == ada.claims && found.roles == ada.roles)
            #expect(found.passwordHash == nil && found.disabledAt == nil && found.createdAt == Self.now)
        }
    }

    @Test func `names and addresses are unique in any letter case`() async throws {
        try await TestDatabase.withDatabase { database in
            try await UserStore(database).insert(user("ada", email: "ada@example.org"))
            for (username, email) in [("ADA", nil), ("grace", "ADA@example.org")] as [(String, String?)] {
                let error = await #expect(throws: PostgresError.self) {
                    try await UserStore(database).insert(user(username, email: email))
                }
                #expect(error?.violatesUnique(nil) == true)
            }
            // A name can't pass for an address, nor an address for a name.
            await #expect(throws: PostgresError.self) { try await UserStore(database).insert(user("ada@example.org")) }
            await #expect(throws: PostgresError.self) { try await UserStore(database).insert(user("grace", email: "no-address")) }
            await #expect(throws: PostgresError.self) { try await UserStore(database).insert(user("")) }
        }
    }

    @Test func `a login is a name, or an address by its sign`() async throws {
        try await TestDatabase.withDatabase { database in
            try await UserStore(database).insert(user("ada", email: "ada@example.org"))
            for login in ["ada", "ADA", "ada@example.org", "Ada@EXAMPLE.org"] {
                #expect(try await UserStore(database).find(login: login)?.username == "ada")
            }
            for login in ["", "ad", "ada ", "ada@", "@", "ada@example.org ", "%", "ad_", "' or true --"] {
                #expect(try await UserStore(database).find(login: login) == nil, "\(login)")
            }
        }
    }

    @Test func `a password that was changed meanwhile wins over a rehash`() async throws {
        try await TestDatabase.withDatabase { database in
            let phc = { (salt: String) in
                PasswordHash(parsing: "$argon2id$v=19$m=64,t=1,p=1$\(salt)$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            }
            let old = try #require(phc("AAAAAAAAAAAAAAAAAAAAAA"))
            let changed = try #require(phc("AQAAAAAAAAAAAAAAAAAAAA"))
            let rehashed = try #require(phc("AgAAAAAAAAAAAAAAAAAAAA"))
            var ada = user("ada")
            ada.passwordHash = changed
            try await UserStore(database).insert(ada)
            try await UserStore(database).rehash(ada.id, from: old, to: rehashed)
            #expect(try await UserStore(database).find(id: ada.id)?.passwordHash?.text == changed.text)
            try await UserStore(database).rehash(ada.id, from: changed, to: rehashed)
            #expect(try await UserStore(database).find(id: ada.id)?.passwordHash?.text == rehashed.text)
        }
    }

    @Test func `claims are those that a person has`() {
        var ada = user("ada", email: "ada@example.org")
        #expect(ada.displayName == "ada")
        #expect(ada.claim("preferred_username")?.string == "ada")
        #expect(ada.claim("email")?.string == "ada@example.org" && ada.claim("email_verified")?.bool == false)
        #expect(ada.claim("phone_number") == nil && ada.claim("phone_number_verified") == nil)
        #expect(ada.claim("name") == nil)
        ada.email = nil
        #expect(ada.claim("email") == nil && ada.claim("email_verified") == nil)
        ada.claims = ["given_name": "Ada", "preferred_username": "countess"]
        #expect(ada.displayName == "Ada")
        #expect(ada.claim("preferred_username")?.string == "countess")
    }

    @Test func `an erased person takes sessions, sign-ins and grants along`() async throws {
        try await TestServer.run { server in
            let ada = try await server.addUser()
            try await server.addUser("grace")
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens()
            var grace = TestFlow(server)
            grace.username = "grace"
            _ = try await grace.tokens()
            let now = server.clock.now
            try await server.database.transaction { try await UserStore($0).erase(ada.id, now: now, accessUntil: now + .hours(24)) }
            let counts = try await TestRowStore(server.database).counts(["users", "sessions", "grants", "consents", "refresh_tokens"])
            #expect(counts.values.allSatisfy { $0 == 1 }, "\(counts)")
            #expect(try await TestFlow(server).refresh(tokens["refresh_token"]?.string ?? "").status == .badRequest)
        }
    }
}
