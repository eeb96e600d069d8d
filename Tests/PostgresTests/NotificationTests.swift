import Postgres
import TestKit
import Testing

@Suite("Notifications")
struct NotificationTests {
    private func terminateListeners(_ database: Database) async throws {
        let count = try await database.all(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and query ilike '%listen%'
            """
        ) { try $0.bool(0) }.count
        #expect(count == 1)
    }

    @Test("a message reaches the channel's listeners, and them only")
    func messages() async throws {
        try await TestDatabase.withDatabase { database in
            var one = database.notifications(on: "on\"e").makeAsyncIterator()
            var other = database.notifications(on: "other").makeAsyncIterator()
            #expect(await one.next() == .connected)
            #expect(await other.next() == .connected)
            var second = database.notifications(on: "on\"e").makeAsyncIterator()
            #expect(await second.next() == .connected)
            try await database.notify(channel: "on\"e", payload: "ünó")
            try await database.notify(channel: "other", payload: "")
            #expect(await one.next() == .message("ünó"))
            #expect(await second.next() == .message("ünó"))
            #expect(await other.next() == .message(""))
        }
    }

    @Test("a message of a transaction is heard when it commits, not when it rolls back")
    func transactional() async throws {
        struct Stop: Error {}
        try await TestDatabase.withDatabase { database in
            var events = database.notifications(on: "c").makeAsyncIterator()
            #expect(await events.next() == .connected)
            try? await database.transaction { transaction in
                try await transaction.notify(channel: "c", payload: "lost")
                throw Stop()
            }
            try await database.transaction { try await $0.notify(channel: "c", payload: "kept") }
            #expect(await events.next() == .message("kept"))
        }
    }

    /// Cancelling a task holds its lock while it unsubscribes; telling it something takes that lock. Once, each waited for the other.
    @Test("a listener that is cancelled while messages come in holds up nobody", .timeLimit(.minutes(5)))
    func cancelledWhileTold() async throws {
        try await TestDatabase.withDatabase { database in
            var events = database.notifications(on: "c").makeAsyncIterator()
            #expect(await events.next() == .connected)
            let notices = Task { while !Task.isCancelled { try await database.notify(channel: "c", payload: "") } }
            for _ in 0..<500 {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask { for await _ in database.notifications(on: "c") {} }
                    }
                    // Let them begin to wait.
                    for _ in 0..<20 { await Task.yield() }
                    group.cancelAll()
                }
            }
            notices.cancel()
            _ = try? await notices.value
            try await database.notify(channel: "c", payload: "last")
            while let event = await events.next(), event != .message("last") {}
        }
    }

    @Test("after a lost connection the listener says so, comes back and hears again")
    func reconnect() async throws {
        try await TestDatabase.withDatabase { database in
            var events = database.notifications(on: "c").makeAsyncIterator()
            #expect(await events.next() == .connected)
            for round in 0..<3 {
                try await terminateListeners(database)
                #expect(await events.next() == .lost)
                #expect(await events.next() == .connected)
                try await database.notify(channel: "c", payload: "\(round)")
                #expect(await events.next() == .message("\(round)"))
            }
        }
    }

    @Test("a channel that is left and joined again is heard again")
    func leaveAndJoin() async throws {
        try await TestDatabase.withDatabase { database in
            var stays = database.notifications(on: "stays").makeAsyncIterator()
            #expect(await stays.next() == .connected)
            for round in 0..<20 {
                let reader = Task {
                    for await event in database.notifications(on: "c") where event == .connected { return }
                }
                await reader.value
                var events = database.notifications(on: "c").makeAsyncIterator()
                #expect(await events.next() == .connected)
                try await database.notify(channel: "c", payload: "\(round)")
                var event = await events.next()
                // Joining while the channel is being left may be confirmed twice.
                while event == .connected { event = await events.next() }
                #expect(event == .message("\(round)"))
            }
        }
    }

    @Test("a consumer that falls behind is told that it missed something")
    func overflow() async throws {
        try await TestDatabase.withDatabase { database in
            let stream = database.notifications(on: "c")
            var probe = database.notifications(on: "c").makeAsyncIterator()
            #expect(await probe.next() == .connected)
            try await database.execute("select pg_notify('c', n::text) from generate_series(1, 3000) n")
            try await database.notify(channel: "c", payload: "end")
            while let event = await probe.next(), event != .message("end") {}
            await database.close()
            var events: [PostgresNotification] = []
            for await event in stream { events.append(event) }
            #expect(events.count <= 1_024)
            #expect(events.contains(.lost))
            #expect(events.last == .connected)
        }
    }

    @Test("closing the database ends the streams")
    func closing() async throws {
        let (database, _) = try await TestDatabase.make()
        var events = database.notifications(on: "c").makeAsyncIterator()
        #expect(await events.next() == .connected)
        await database.close()
        #expect(await events.next() == nil)
        var late = database.notifications(on: "c").makeAsyncIterator()
        #expect(await late.next() == nil)
    }
}
