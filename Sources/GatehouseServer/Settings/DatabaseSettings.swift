/// `database`: which PostgreSQL. Without a URL the server starts a private cluster of its own.
package struct DatabaseSettings: Sendable {
    /// A libpq connection string: URI or key=value. Secret as a whole, since a password may stand anywhere in it.
    package var url: SecretText?
    /// A way around PgBouncer, for LISTEN and advisory locks.
    package var directURL: SecretText?
    package var connectionsMax = 10
    /// Off behind PgBouncer in transaction mode.
    package var preparedStatements = true

    init(_ section: SettingsSection) {
        url = section.find("url", .secret())
        directURL = section.find("direct_url", .secret())
        connectionsMax = section.read("connections_max", .int(1...1_000), default: connectionsMax)
        preparedStatements = section.read("prepared_statements", .bool, default: preparedStatements)
        if directURL != nil, !section.isSet("url") {
            section.refuse("direct_url", "has no meaning without database.url")
        }
    }
}
