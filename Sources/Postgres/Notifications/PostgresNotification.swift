/// What a listener hears. Between `lost` and the next `connected` messages may have been missed: reload at each `connected`.
package enum PostgresNotification: Sendable, Equatable {
    /// LISTEN is in force; what is read from now on is not older than what will be heard.
    case connected
    /// The connection is gone, or the consumer fell too far behind.
    case lost
    case message(String)
}

extension Queryable {
    /// Sends a message to the channel's listeners when the transaction commits.
    ///
    /// - Parameter payload: at most 7,999 bytes.
    package func notify(channel: String, payload: String) async throws {
        try await execute("select pg_notify($1, $2)", [.text(channel), .text(payload)])
    }
}

extension Database {
    /// Listens on a channel, on a connection of its own that is shared by all channels and comes back after a loss.
    ///
    /// The stream holds at most 1,024 unread events; a consumer that falls further behind gets `lost` and `connected`. It ends when
    /// the database is closed. Dropping the stream ends the subscription.
    package func notifications(on channel: String) -> AsyncStream<PostgresNotification> {
        listener.subscribe(channel)
    }
}
