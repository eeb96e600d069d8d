import Postgres
import TestKit
import Testing

@Suite("Pool")
struct PoolTests {
    /// Runs a statement that waits at the server, and returns when the server works on it.
    private func sleeping(_ database: Database, _ connectionString: String) async throws -> (Task<Int, any Error>, observer: Database) {
        let observer = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        // With the connection open, the sleeper itself never waits for one.
        try await eventually("a connection is open") { (try? await database.execute("select 1")) != nil }
        let task = Task { try await database.execute("select pg_sleep(60)") }
        try await eventually("the statement runs") { try await sleepingCount(observer) == 1 }
        return (task, observer)
    }

    private func sleepingCount(_ database: Database) async throws -> Int {
        try await database.first(
            """
            select count(*) from pg_stat_activity
            where datname = current_database() and state = 'active' and query = 'select pg_sleep(60)'
            """
        ) { try $0.int(0) } ?? -1
    }

    private func terminateOthers(_ observer: Database) async throws {
        _ = try await observer.all(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ) { try $0.bool(0) }
    }

    @Test("a caller that waits too long for a connection gets a time-out, and the pool serves on")
    func waitIsBounded() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 1) { $0.waitMax = .milliseconds(50) }
        let (task, observer) = try await sleeping(database, connectionString)
        let error = await #expect(throws: PostgresError.self) { try await database.execute("select 1") }
        #expect(error == PostgresError(.timeout("no connection became free within 0.05 seconds")))
        #expect(error?.isUnavailable == true)
        task.cancel()
        _ = await task.result
        // The connection is free when the server has answered to the cancellation, which may take longer than a caller waits here.
        try await eventually("the pool serves on") { (try? await database.execute("select 1")) != nil }
        await observer.close()
        await database.close()
    }

    @Test("more waiters than allowed are refused at once")
    func waitersAreBounded() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 1) { $0.waitersMax = 2 }
        let (task, observer) = try await sleeping(database, connectionString)
        let results = await withTaskGroup(of: Result<Int, any Error>.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do { return .success(try await database.execute("select 1")) } catch { return .failure(error) }
                }
            }
            var results: [Result<Int, any Error>] = []
            for await result in group {
                results.append(result)
                // Three are refused while the sleeper holds the only connection; then the two in the queue may run.
                if results.count == 3 { task.cancel() }
            }
            return results
        }
        let refusals = results.compactMap { result in if case .failure(let error) = result { error as? PostgresError } else { nil } }
        #expect(refusals == Array(repeating: PostgresError(.queueFull), count: 3))
        await observer.close()
        await database.close()
    }

    @Test("cancelling the task cancels the statement, and the connection stays")
    func cancellation() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 1)
        let before = try await database.first("select pg_backend_pid()") { try $0.int(0) }
        let (task, observer) = try await sleeping(database, connectionString)
        task.cancel()
        await #expect(throws: PostgresError(.cancelled)) { try await task.value }
        try await eventually("the statement has ended") { try await sleepingCount(observer) == 0 }
        let after = try await database.first("select pg_backend_pid()") { try $0.int(0) }
        #expect(before == after)
        await observer.close()
        await database.close()
    }

    @Test("cancelling a task that waits for a connection takes it out of the queue")
    func cancellationInQueue() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 1)
        let (task, observer) = try await sleeping(database, connectionString)
        let waiting = (0..<10).map { _ in Task { try await database.execute("select 1") } }
        for task in waiting { task.cancel() }
        for task in waiting { await #expect(throws: PostgresError(.cancelled)) { try await task.value } }
        task.cancel()
        _ = await task.result
        await observer.close()
        await database.close()
    }

    @Test("many cancellations at any moment leave every connection usable")
    func cancellationStorm() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 3)
        for round in 0..<15 {
            let tasks = (0..<12).map { number in
                Task { try await database.first("select $1 from pg_sleep(0.0003)", [.int(number)]) { try $0.int(0) } }
            }
            for (index, task) in tasks.enumerated() where (index + round) % 3 != 0 { task.cancel() }
            for (index, task) in tasks.enumerated() {
                switch await task.result {
                case .success(let number): #expect(number == index)
                case .failure(let error): #expect(error as? PostgresError == PostgresError(.cancelled))
                }
            }
            let sum = try await database.transaction { transaction in
                try await transaction.first("select $1 + 1", [.int(round)]) { try $0.int(0) }
            }
            #expect(sum == round + 1)
        }
        await database.close()
    }

    @Test("cancelling inside a transaction rolls it back, and the connection stays")
    func cancellationInTransaction() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 1)
        try await database.execute("create table t (n int)")
        let observer = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        let task = Task {
            try await database.transaction { transaction in
                try await transaction.execute("insert into t values (1)")
                try await transaction.execute("select pg_sleep(60)")
            }
        }
        try await eventually("the statement runs") { try await sleepingCount(observer) == 1 }
        task.cancel()
        await #expect(throws: PostgresError(.cancelled)) { try await task.value }
        let count = try await database.first("select count(*) from t") { try $0.int(0) }
        #expect(count == 0)
        await observer.close()
        await database.close()
    }

    @Test("a statement that runs too long is stopped by the server and reported as a time-out")
    func statementTimeout() async throws {
        let (database, _) = try await TestDatabase.make {
            $0.queryTimeMax = .milliseconds(50)
            // The server is the one to speak, however busy it is.
            $0.answerGrace = .seconds(60)
        }
        let error = await #expect(throws: PostgresError.self) { try await database.execute("select pg_sleep(60)") }
        #expect(error?.kind == .timeout("canceling statement due to statement timeout"))
        #expect(error?.mayHaveCommitted == false)
        await database.close()
    }

    @Test("a server that does not answer at all is given up")
    func silentServer() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 1) {
            $0.queryTimeMax = .milliseconds(100)
            $0.answerGrace = .zero
        }
        let error = await #expect(throws: PostgresError.self) {
            try await database.transaction { transaction in
                try await transaction.execute("set local statement_timeout = 0")
                try await transaction.execute("select pg_sleep(60)")
            }
        }
        #expect(error == PostgresError(.timeout("the server did not answer")))
        try await eventually("the pool serves on") { (try? await database.execute("select 1")) != nil }
        await database.close()
    }

    @Test("idle connections that the server ended are replaced unseen")
    func terminatedWhileIdle() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 4)
        let observer = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        for round in 0..<10 {
            async let one = database.first("select $1", [.int(round)]) { try $0.int(0) }
            async let other = database.first("select $1", [.int(round)]) { try $0.int(0) }
            _ = try await (one, other)
            try await terminateOthers(observer)
            // At once: the pool may or may not have seen the end of the connection.
            let answer = try await database.first("select $1", [.int(round)]) { try $0.int(0) }
            #expect(answer == round)
        }
        await observer.close()
        await database.close()
    }

    @Test("a connection that dies under a statement reports unavailable, in a transaction nothing may have been committed")
    func terminatedInFlight() async throws {
        let (database, connectionString) = try await TestDatabase.make(connectionsMax: 2)
        let (task, observer) = try await sleeping(database, connectionString)
        let started = Task {
            try await database.transaction { transaction in
                try await transaction.execute("select 1")
                try await eventually("the backends are gone") {
                    try await transaction.execute("select 1")
                    return false
                }
            }
        }
        try await eventually("the sleeper has run for a while") {
            try await observer.first(
                """
                select now() - query_start > '0.3 s' from pg_stat_activity
                where datname = current_database() and query = 'select pg_sleep(60)'
                """
            ) { try $0.bool(0) } ?? false
        }
        try await terminateOthers(observer)
        let single = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(single?.isUnavailable == true)
        let inTransaction = await #expect(throws: PostgresError.self) { try await started.value }
        #expect(inTransaction?.isUnavailable == true)
        #expect(inTransaction?.mayHaveCommitted == false)
        try await database.execute("select 1")
        await observer.close()
        await database.close()
    }

    @Test("a database that does not exist is refused quickly, also for those that come later")
    func noSuchDatabase() async throws {
        let (other, connectionString) = try await TestDatabase.make()
        await other.close()
        let wrong = connectionString.replacing("dbname=test_", with: "dbname=absent_")
        let database = try Database(settings: PostgresSettings(connectionString: wrong), logger: .quiet)
        for _ in 0..<3 {
            let error = await #expect(throws: PostgresError.self) { try await database.execute("select 1") }
            #expect("\(error as Any)".contains("does not exist"))
            #expect(error?.isUnavailable == true)
        }
        await database.close()
    }

    @Test(
        "a name that can't be resolved and a port where nobody listens are unavailable",
        arguments: ["host=gatehouse.invalid", "host=127.0.0.1 port=1"])
    func unreachable(connectionString: String) async throws {
        let database = try Database(settings: PostgresSettings(connectionString: connectionString), logger: .quiet)
        let error = await #expect(throws: PostgresError.self) { try await database.execute("select 1") }
        #expect(error?.isUnavailable == true)
        #expect(error?.mayHaveCommitted == false)
        await database.close()
    }

    @Test("a closed database refuses, and closing waits for the statement that runs")
    func closing() async throws {
        let (database, _) = try await TestDatabase.make()
        var closing: Task<Void, Never>?
        try await database.transaction { transaction in
            try await transaction.execute("select 1")
            closing = Task { await database.close() }
            try await eventually("the pool refuses") {
                do {
                    try await database.execute("select 1")
                    return false
                } catch {
                    return true
                }
            }
            try await transaction.execute("select 2")
        }
        await closing?.value
        let error = await #expect(throws: PostgresError.self) { try await database.execute("select 1") }
        #expect(error?.isUnavailable == true)
        await database.close()
    }

    @Test("old and unused connections are replaced")
    func lifetime() async throws {
        let (database, _) = try await TestDatabase.make(connectionsMax: 1) { $0.lifetimeMax = .milliseconds(1) }
        var pids: Set<Int> = []
        for _ in 0..<5 {
            let pid = try await database.first("select pg_backend_pid() from pg_sleep(0.002)") { try $0.int(0) }
            if let pid { pids.insert(pid) }
        }
        #expect(pids.count == 5)
        await database.close()
    }
}
