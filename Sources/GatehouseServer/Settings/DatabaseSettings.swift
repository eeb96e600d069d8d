/// `database`: which PostgreSQL. Without a URL the server starts a private cluster of its own.
package struct DatabaseSettings: Sendable {
    /// A libpq connection string: URI or key=value. Secret as a whole, since a password may stand anywhere in it.
    package var url: SecretText?
    /// A file that holds it, for secrets that a container or systemd hands over as files.
    package var urlFile: String?
    /// A way around PgBouncer, for LISTEN and advisory locks.
    package var directURL: SecretText?
    package var connectionsMax = 10
    /// Off behind PgBouncer in transaction mode.
    package var preparedStatements = true

    init(_ section: SettingsSection) {
        url = section.find("url", .secret())
        urlFile = section.find("url_file", .path)
        directURL = section.find("direct_url", .secret())
        connectionsMax = section.read("connections_max", .int(1...1_000), default: connectionsMax)
        preparedStatements = section.read("prepared_statements", .bool, default: preparedStatements)
        if section.isSet("url"), section.isSet("url_file") { section.refuse("url_file", "is set as well as url; keep one of them") }
        if directURL != nil, !section.isSet("url"), !section.isSet("url_file") {
            section.refuse("direct_url", "has no meaning without database.url")
        }
    }
}
