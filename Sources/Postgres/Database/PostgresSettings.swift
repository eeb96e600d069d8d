/// How to reach PostgreSQL, and the bounds on using it. Never prints the connection string, which may hold a password.
package struct PostgresSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// A libpq URI or key=value string (PostgreSQL 15 §34.1.1), TLS modes included.
    package var connectionString: String
    /// A way around PgBouncer, for LISTEN and for migrations. By default the same as `connectionString`.
    package var directConnectionString: String?
    package var connectionsMax = 10
    /// Connections kept open when nobody asks.
    package var connectionsMin = 1
    /// How long a caller waits for a connection.
    package var waitMax: Duration = .seconds(5)
    package var waitersMax = 10_000
    /// `statement_timeout` at the server; the client gives up `answerGrace` later.
    package var queryTimeMax: Duration = .seconds(10)
    package var answerGrace: Duration = .seconds(2)
    package var idleInTransactionTimeMax: Duration = .seconds(30)
    package var connectTimeMax: Duration = .seconds(5)
    /// Unused connections beyond `connectionsMin` close after this time.
    package var idleTimeMax: Duration = .seconds(60)
    /// Connections are replaced at this age, so that a fleet spreads again after a failover.
    package var lifetimeMax: Duration = .seconds(1_800)
    /// An idle connection is asked for a sign of life at this interval.
    package var checkInterval: Duration = .seconds(30)
    /// The pause after a failed attempt doubles from the first to the second, with jitter.
    package var backoffMin: Duration = .milliseconds(50)
    package var backoffMax: Duration = .seconds(5)
    /// False behind PgBouncer's transaction pooling: no named statements, and session settings by SET after connecting.
    package var preparedStatements = true

    package init(connectionString: String, directConnectionString: String? = nil) {
        self.connectionString = connectionString
        self.directConnectionString = directConnectionString
    }

    /// For one connection that goes around any pooler and may take its time: migrations, backups.
    package func forUpkeep(timeMax: Duration) -> PostgresSettings {
        var settings = self
        settings.connectionString = directConnectionString ?? connectionString
        settings.preparedStatements = true
        settings.connectionsMax = 1
        settings.queryTimeMax = timeMax
        settings.idleInTransactionTimeMax = timeMax
        return settings
    }

    package var description: String { "PostgresSettings(connectionString: …, connectionsMax: \(connectionsMax))" }
    package var debugDescription: String { description }
}
