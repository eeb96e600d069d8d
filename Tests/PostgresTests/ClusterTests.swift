import Foundation
import TestKit
import Testing

@testable import Postgres

/// These start servers of their own, one after the other: each takes a second.
@Suite("Private cluster", .serialized)
struct ClusterTests {
    private func withDirectory(_ word: String, _ body: (String) async throws -> Void) async throws {
        let directory = TestRemains.directory + "-" + word
        defer { TestRemains.remove(directory) }
        try await body(directory)
    }

    private func start(_ directory: String) async throws -> PrivateCluster {
        try await PrivateCluster.start(directory: directory, durable: false, logger: .quiet)
    }

    private func database(_ cluster: PrivateCluster) throws -> Database {
        let database = try Database(settings: PostgresSettings(connectionString: cluster.connectionString), logger: .quiet)
        database.start()
        return database
    }

    private func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    @Test("callers get unavailable quickly while the server is down, and answers when it is back")
    func restart() async throws {
        try await withDirectory("restart") { directory in
            let first = try await start(directory)
            let database = try database(first)
            try await database.execute("create table t (n int)")
            var events = database.notifications(on: "c").makeAsyncIterator()
            #expect(await events.next() == .connected)
            let running = Task { try await database.execute("select pg_sleep(60)") }
            try await eventually("the sleeper runs") {
                try await database.first("select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'") { try $0.int(0) } == 1
            }
            await first.stop()
            let interrupted = await #expect(throws: PostgresError.self) { try await running.value }
            #expect(interrupted?.isUnavailable == true)
            for _ in 0..<20 {
                let error = await #expect(throws: PostgresError.self) { try await database.execute("insert into t values (1)") }
                #expect(error?.isUnavailable == true)
                #expect(error?.mayHaveCommitted == false)
            }
            await #expect(throws: PostgresError.self) { try await database.transaction { try await $0.execute("select 1") } }
            #expect(await events.next() == .lost)
            let second = try await start(directory)
            #expect(second.connectionString == first.connectionString)
            try await eventually("the pool has found the server again") { (try? await database.execute("insert into t values (2)")) == 1 }
            let numbers = try await database.all("select n from t") { try $0.int(0) }
            #expect(numbers == [2])
            #expect(await events.next() == .connected)
            await database.close()
            await second.stop()
        }
    }

    @Test("a killed server is started again under its callers")
    func supervision() async throws {
        try await withDirectory("killed") { directory in
            let cluster = try await start(directory)
            let database = try database(cluster)
            try await database.execute("select 1")
            let pid = cluster.processID
            Glibc.kill(pid, SIGKILL)
            try await eventually("another server answers") {
                let answer = try? await database.execute("select 1")
                return cluster.processID != pid && answer != nil
            }
            await database.close()
            await cluster.stop()
        }
    }

    @Test("an orphan is adopted, shared, and stopped by its last user only")
    func adoption() async throws {
        try await withDirectory("orphan") { directory in
            let first = try await start(directory)
            // To the second it's what kill -9 of the first's process leaves: a living server.
            let second = try await start(directory)
            #expect(second.processID == first.processID)
            await first.stop()
            let database = try database(second)
            try await database.execute("select 1")
            await database.close()
            await second.stop()
            #expect(!ChildProcess.isAlive(first.processID))
            await second.stop()
        }
    }

    @Test("two processes that start at the same time share one server")
    func race() async throws {
        try await withDirectory("race") { directory in
            async let one = start(directory)
            async let other = start(directory)
            let clusters = try await [one, other]
            #expect(clusters[0].processID == clusters[1].processID)
            for cluster in clusters { await cluster.stop() }
        }
    }

    @Test("a stale pid file is cleared, also when its number belongs to a living stranger")
    func stalePidFile() async throws {
        try await withDirectory("stale") { directory in
            let first = try await start(directory)
            await first.stop()
            for pid in [Int32.max, getpid()] {
                try write(
                    first.place.pidFile,
                    "\(pid)\n\(first.place.data)\n1700000000\n5432\n\(first.place.socketDirectory)\n\n  1 2\nready   \n")
                let again = try await start(directory)
                #expect(again.processID != pid)
                await again.stop()
            }
        }
    }

    @Test("a start that was interrupted in initdb begins anew")
    func interruptedCreation() async throws {
        try await withDirectory("fresh") { directory in
            try FileManager.default.createDirectory(atPath: "\(directory)/data.new", withIntermediateDirectories: true)
            try write("\(directory)/data.new/PG_VERSION", "15\n")
            let cluster = try await start(directory)
            await cluster.stop()
        }
    }

    @Test("a very long path still has a short socket path")
    func longPath() async throws {
        try await withDirectory("long") { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let cluster = try await start(directory + "/" + String(repeating: "x", count: 200))
            #expect(cluster.place.socketFile.utf8.count <= 100)
            let database = try database(cluster)
            try await database.execute("select 1")
            await database.close()
            await cluster.stop()
            TestRemains.remove(cluster.directory)
        }
    }

    @Test("a socket directory that others may have made is refused")
    func foreignSocketDirectory() throws {
        let directory = TestRemains.directory + "-foreign"
        let socket = "/tmp/gatehouse-\(ClusterPlace.hash(directory))"
        try FileManager.default.createSymbolicLink(atPath: socket, withDestinationPath: "/tmp")
        defer {
            try? FileManager.default.removeItem(atPath: socket)
            try? FileManager.default.removeItem(atPath: directory)
        }
        #expect(throws: ClusterError.unsafeDirectory(socket, reason: "it is not a directory")) {
            try ClusterPlace.make(directory: directory)
        }
    }

    @Test("missing programs are one message that names the package")
    func missingBinaries() throws {
        #expect("\(ClusterError.binariesMissing)".contains("`postgresql`"))
        let found = try ServerBinaries.find(path: "")
        #expect(found.initdb.hasSuffix("/initdb"))
    }

    @Test("root's home can't be entered by the server's account: data goes elsewhere", .enabled(if: getuid() == 0))
    func rootsHome() throws {
        let account = try ServerAccount.choose()
        #expect(account.uid != 0)
        #expect(!account.canEnter("/root"))
        #expect(account.canEnter("/tmp"))
        #expect(account.command(["postgres"]).first == "/usr/bin/setpriv")
    }

    @Test("a postmaster.pid is read as PostgreSQL writes it")
    func pidFile() {
        let file = PostmasterFile(text: "4711\n/data\n1700000000\n5432\n/tmp/x\n\n  1 2\nready   \n")
        #expect(file?.pid == 4_711)
        #expect(file?.status == "ready")
        for text in ["", "x", "0\n", "-5\n/data\n"] { #expect(PostmasterFile(text: text) == nil) }
    }
}
