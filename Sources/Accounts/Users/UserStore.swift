import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime

/// Users in the database. Every method throws `PostgresError`.
package struct UserStore: Sendable {
    /// In the order that `decode` reads.
    package static let columns = """
        users.id, users.username, users.email, users.email_verified, users.phone_number, users.phone_number_verified, users.claims,
        users.roles, users.password_hash, users.declared, users.disabled_at, users.created_at, users.updated_at
        """

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    package func find(id: UUID) async throws -> User? {
        try await database.first("select \(Self.columns) from users where id = $1", [.uuid(id)], Self.decode)
    }

    /// Finds a person and locks their row: what is judged of it holds until the transaction ends.
    func findLocked(id: UUID) async throws -> User? {
        try await database.first("select \(Self.columns) from users where id = $1 for no key update", [.uuid(id)], Self.decode)
    }

    /// Finds by what a person types: a user name, or an e-mail address; letter case does not matter.
    package func find(login: String) async throws -> User? {
        let column = login.contains("@") ? "email" : "username"
        return try await database.first(
            "select \(Self.columns) from users where lower(\(column)) = lower($1)", [.text(login)], Self.decode)
    }

    /// - Parameter after: the last user name of the previous page.
    package func list(after: String = "", countMax: Int = 100) async throws -> [User] {
        try await database.all(
            "select \(Self.columns) from users where lower(username) > lower($1) order by lower(username) limit $2",
            [.text(after), .int(countMax)], Self.decode)
    }

    package func listDeclared() async throws -> [User] {
        try await database.all("select \(Self.columns) from users where declared order by lower(username)", [], Self.decode)
    }

    package func insert(_ user: User) async throws {
        try await database.execute(
            """
            insert into users (id, username, email, email_verified, phone_number, phone_number_verified, claims, roles, password_hash,
                declared, disabled_at, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """, Self.values(user) + [.timestamp(user.createdAt), .timestamp(user.updatedAt)])
    }

    package func update(_ user: User, now: Date) async throws {
        try await database.execute(
            """
            update users set username = $2, email = $3, email_verified = $4, phone_number = $5, phone_number_verified = $6, claims = $7,
                roles = $8, password_hash = $9, declared = $10, disabled_at = $11, updated_at = $12
            where id = $1
            """, Self.values(user) + [.timestamp(now)])
    }

    /// Writes what a provider's description changes, and nothing else of the row.
    /// - Returns: false when the person is disabled or gone.
    func describe(_ id: UUID, claims: [String: JSONValue], roles: [String], now: Date) async throws -> Bool {
        try await database.execute(
            "update users set claims = $2, roles = $3, updated_at = $4 where id = $1 and disabled_at is null",
            [.uuid(id), .json(JSONValue.object(claims).encoded()), .texts(roles), .timestamp(now)]) == 1
    }

    /// Replaces the stored hash if it is still `old`: a password changed meanwhile wins.
    package func rehash(_ id: UUID, from old: PasswordHash, to new: PasswordHash) async throws {
        try await database.execute(
            "update users set password_hash = $3 where id = $1 and password_hash = $2", [.uuid(id), .text(old.text), .text(new.text)])
    }

    /// By how much clocks of nodes may differ: tokens issued so long after a revocation, by this clock, are still refused.
    package static let clockTolerance: Duration = .seconds(10)

    /// Disables a person, and ends everything that they have under way (`Migrations/0007`).
    package func disable(_ id: UUID, now: Date, accessUntil: Date) async throws {
        try await database.execute("update users set disabled_at = coalesce(disabled_at, $2) where id = $1", [.uuid(id), .timestamp(now)])
        try await signOutEverywhere(id, reason: "user_disabled", now: now, accessUntil: accessUntil)
    }

    /// Ends sessions and grants, and until `accessUntil` refuses access tokens issued so far.
    package func signOutEverywhere(_ id: UUID, reason: String, now: Date, accessUntil: Date) async throws {
        try await database.execute(
            "select user_revoke_v1($1, $2, $3, $4, $5)",
            [.uuid(id), .text(reason), .timestamp(now), .timestamp(now + Self.clockTolerance), .timestamp(accessUntil)])
    }

    /// Locks a person's row, so that a sign-in and a disabling take turns.
    /// - Returns: whether the person exists and is not disabled.
    func lock(_ id: UUID) async throws -> Bool {
        try await database.first("select disabled_at is null from users where id = $1 for no key update", [.uuid(id)]) { try $0.bool(0) }
            ?? false
    }

    /// Erases a person with their sessions and grants; until `accessUntil` their access tokens are refused.
    package func erase(_ id: UUID, now: Date, accessUntil: Date) async throws {
        try await disable(id, now: now, accessUntil: accessUntil)
        try await database.execute("delete from users where id = $1", [.uuid(id)])
    }

    private static func values(_ user: User) -> [PostgresValue] {
        [
            .uuid(user.id), .text(user.username), .optionalText(user.email), .bool(user.emailVerified), .optionalText(user.phoneNumber),
            .bool(user.phoneNumberVerified), .json(JSONValue.object(user.claims).encoded()), .texts(user.roles),
            .optionalText(user.passwordHash?.text), .bool(user.isDeclared), .optionalTimestamp(user.disabledAt),
        ]
    }

    static func decode(_ row: PostgresRow) throws -> User {
        try decode(row, from: 0)
    }

    private static func decodeHash(_ text: String) throws -> PasswordHash {
        guard let hash = PasswordHash(parsing: text) else {
            throw PostgresError(.decoding("users.password_hash is no PHC string of Argon2id"))
        }
        return hash
    }

    /// - Parameter first: the column at which the user's columns begin.
    package static func decode(_ row: PostgresRow, from first: Int) throws -> User {
        User(
            id: try row.uuid(first),
            username: try row.text(first + 1),
            email: try row.optionalText(first + 2),
            emailVerified: try row.bool(first + 3),
            phoneNumber: try row.optionalText(first + 4),
            phoneNumberVerified: try row.bool(first + 5),
            claims: try JSONValue(parsing: try row.json(first + 6), bytesMax: 1_048_576).object ?? [:],
            roles: try row.texts(first + 7),
            passwordHash: try row.optionalText(first + 8).map(Self.decodeHash),
            isDeclared: try row.bool(first + 9),
            disabledAt: try row.optionalDate(first + 10),
            createdAt: try row.date(first + 11),
            updatedAt: try row.date(first + 12))
    }
}
