import GatehouseServer
import Logging
import Runtime
import Synchronization

/// Keeps what is logged, as the lines that the server would write.
final class LogCapture: Sendable {
    private let written = Mutex<[String]>([])
    private let format: LogLines.Format

    init(_ format: LogLines.Format = .json) {
        self.format = format
    }

    var lines: [String] { written.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in
            LogLines(self.format, clock: SystemClock()) { line in
                self.written.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }
        logger.logLevel = .trace
        return logger
    }
}
