import CLibpq
import Glibc
import Logging
import Synchronization

/// A PostgreSQL server of our own, reached through a private socket: the embedded default for local use.
///
/// Several processes may use one cluster: the first starts it, the last stops it. After `kill -9` of all of them the server lives
/// on and the next start adopts it; after `kill -9` of the server it is started again.
package final class PrivateCluster: Sendable {
    /// For libpq: database `gatehouse`, user `gatehouse`.
    package let connectionString: String
    /// Where the data is, which may differ from the directory asked for when root's account can't be used.
    package let directory: String
    let place: ClusterPlace
    private let binaries: ServerBinaries
    private let isDurable: Bool
    private let logger: Logger
    private let inUse: FileLock
    private let server: Mutex<Int32>
    private let isStopping = Mutex(false)

    private static let startTimeMax: Duration = .seconds(60)
    private static let logBytesMax = 16 << 20

    /// Creates the cluster when it is new, starts or adopts its server, and waits until it answers.
    ///
    /// - Parameters:
    ///   - directory: absolute; made when absent.
    ///   - durable: false trades safety for speed, for tests.
    /// - Throws: `ClusterError`, whose description tells the operator what to do.
    package static func start(directory: String, durable: Bool = true, logger: Logger) async throws -> PrivateCluster {
        let cluster = try await SideThread.run("gatehouse-start") {
            let binaries = try ServerBinaries.find()
            let place = try ClusterPlace.make(directory: directory)
            let cluster = try PrivateCluster(place: place, binaries: binaries, isDurable: durable, logger: logger)
            do {
                try cluster.startServer()
            } catch {
                cluster.inUse.close()
                throw error
            }
            return cluster
        }
        do {
            try await cluster.createDatabase()
        } catch {
            await cluster.stop()
            throw error
        }
        cluster.supervise()
        return cluster
    }

    private init(place: ClusterPlace, binaries: ServerBinaries, isDurable: Bool, logger: Logger) throws(ClusterError) {
        self.place = place
        self.binaries = binaries
        self.isDurable = isDurable
        self.logger = logger
        directory = place.base
        connectionString = place.connectionString(database: "gatehouse")
        inUse = try FileLock(place.useLock)
        server = Mutex(0)
    }

    /// The server's process number.
    package var processID: Int32 { server.withLock { $0 } }

    // MARK: Starting (on side threads)

    private func startServer() throws(ClusterError) {
        let starting = try FileLock(place.startLock)
        defer { starting.close() }
        try starting.take(exclusive: true, atMost: Self.startTimeMax)
        try inUse.take(exclusive: false, atMost: .seconds(5))
        try initialize()
        let deadline = ContinuousClock.now + Self.startTimeMax
        var lastFailure = ""
        while ContinuousClock.now < deadline {
            if let pid = adopt() {
                server.withLock { $0 = pid }
                logger.notice("using the PostgreSQL server that is already running", metadata: ["pid": "\(pid)"])
            } else {
                clearStale()
                server.withLock { $0 = 0 }
                let pid = try ChildProcess.start(place.account.command(serverCommand), log: place.log)
                server.withLock { $0 = pid }
            }
            if waitUntilReady(deadline) { return }
            lastFailure = SmallFile.tail(place.log)
            // The processes of a killed server take a moment to leave its shared memory.
            guard lastFailure.contains("shared memory block") || lastFailure.contains("lock file") else { break }
            usleep(100_000)
        }
        throw .failed("see \(place.log): \(lastFailure.split(separator: "\n").suffix(3).joined(separator: " | "))")
    }

    /// initdb into a directory beside, then one rename: an interrupted start leaves nothing half-made.
    private func initialize() throws(ClusterError) {
        if access("\(place.data)/PG_VERSION", F_OK) == 0 { return }
        let fresh = "\(place.base)/data.new"
        logger.notice("creating a private PostgreSQL cluster", metadata: ["directory": "\(place.base)"])
        let words = [
            binaries.initdb, "-D", fresh, "-U", "gatehouse", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust",
            "--auth-host=reject", isDurable ? "--data-checksums" : "--no-sync",
        ]
        let removal = try ChildProcess.start(["/bin/rm", "-rf", fresh], log: place.log)
        guard ChildProcess.wait(removal), ChildProcess.wait(try ChildProcess.start(place.account.command(words), log: place.log)) else {
            throw .failed("initdb: \(SmallFile.tail(place.log).split(separator: "\n").suffix(3).joined(separator: " | "))")
        }
        guard rename(fresh, place.data) == 0 else { throw .unsafeDirectory(place.data, reason: String(cString: strerror(errno))) }
    }

    private var serverCommand: [String] {
        var settings = [
            "listen_addresses=", "port=5432", "unix_socket_directories=\(place.socketDirectory)", "unix_socket_permissions=0700",
            "max_connections=\(isDurable ? 200 : 500)", "logging_collector=off", "log_timezone=UTC", "timezone=UTC",
            "cluster_name=gatehouse",
        ]
        if !isDurable {
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"]
        }
        return [binaries.postgres, "-D", place.data] + settings.flatMap { ["-c", $0] }
    }

    /// - Returns: the process number of a living server of this data directory.
    private func adopt() -> Int32? {
        guard let file = PostmasterFile(path: place.pidFile), file.isAlive(data: place.data) else { return nil }
        guard file.status == "stopping" else { return file.pid }
        _ = ChildProcess.waitForEnd(file.pid, atMost: .seconds(20))
        return nil
    }

    /// A dead server's leftovers: their process numbers may since belong to a stranger, which PostgreSQL takes for a living server.
    private func clearStale() {
        for path in [place.pidFile, "\(place.socketFile).lock", place.socketFile] { unlink(path) }
        var status = stat()
        if lstat(place.log, &status) == 0, status.st_size > Self.logBytesMax { unlink(place.log) }
    }

    private func waitUntilReady(_ deadline: ContinuousClock.Instant) -> Bool {
        let pid = processID
        while ContinuousClock.now < deadline {
            if PQping(place.connectionString(database: "postgres")) == PQPING_OK { return true }
            guard ChildProcess.isAlive(pid) else { return false }
            usleep(10_000)
        }
        return false
    }

    private func createDatabase() async throws {
        var settings = PostgresSettings(connectionString: place.connectionString(database: "postgres"))
        settings.connectionsMax = 1
        settings.queryTimeMax = .seconds(60)
        let database = try Database(settings: settings, logger: logger)
        do {
            try await ClusterStore.createDatabase("gatehouse", database)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    // MARK: Living and ending

    /// Starts the server again when it dies under us.
    private func supervise() {
        _ = SideThread.start("gatehouse-watch", bounded: false) { [weak self] in
            while let self, !self.isStopping.withLock({ $0 }) {
                if !ChildProcess.isAlive(self.processID), !self.isStopping.withLock({ $0 }) {
                    self.logger.error("the private PostgreSQL server died; starting it again")
                    do {
                        try self.startServer()
                    } catch {
                        self.logger.error("\(error)")
                        usleep(2_000_000)
                    }
                }
                usleep(250_000)
            }
        }
    }

    /// Stops the server, unless another process still uses it. Harmless when repeated.
    package func stop() async {
        let isFirst = isStopping.withLock { isStopping in
            defer { isStopping = true }
            return !isStopping
        }
        guard isFirst else { return }
        try? await SideThread.run("gatehouse-stop") { try self.stopServer() }
    }

    /// Ends the server without a shutdown and without waiting for other users; blocks for a moment. For the end of a test run.
    package func kill() {
        isStopping.withLock { $0 = true }
        let pid = processID
        guard pid > 1 else { return }
        Glibc.kill(pid, SIGQUIT)
        _ = ChildProcess.waitForEnd(pid, atMost: .seconds(5))
        clearStale()
        rmdir(place.socketDirectory)
    }

    private func stopServer() throws(ClusterError) {
        let starting = try FileLock(place.startLock)
        defer { starting.close() }
        try starting.take(exclusive: true, atMost: .seconds(30))
        defer { inUse.close() }
        guard inUse.tryTake(exclusive: true) else {
            logger.notice("another process uses the private PostgreSQL server: left running")
            return
        }
        let pid = processID
        // A fast shutdown first; then at once, which the next start recovers from; then by force.
        for (signal, limit) in [(SIGINT, Duration.seconds(20)), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(5))] where pid > 1 {
            Glibc.kill(pid, signal)
            if ChildProcess.waitForEnd(pid, atMost: limit) { break }
        }
        rmdir(place.socketDirectory)
    }
}
