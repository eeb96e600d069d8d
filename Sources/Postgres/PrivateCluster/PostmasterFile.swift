import Glibc

/// What `postmaster.pid` says (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_…).
struct PostmasterFile: Sendable, Equatable {
    let pid: Int32
    /// "starting", "ready", "stopping", "standby".
    let status: String

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let pid = Int32(first), pid > 1 else { return nil }
        self.pid = pid
        status = lines.count > 7 ? String(lines[7].prefix { $0 != " " }) : ""
    }

    init?(path: String) {
        guard let text = SmallFile.read(path) else { return nil }
        self.init(text: text)
    }

    /// True when the process lives and is a postmaster of this data directory, not a stranger that got the same number.
    func isAlive(data: String) -> Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/\(pid)/cwd", &buffer, buffer.count)
        guard length > 0 else { return false }
        guard let state = SmallFile.read("/proc/\(pid)/stat"), !state.contains(") Z ") else { return false }
        let directory = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var one = stat()
        var other = stat()
        return stat(directory, &one) == 0 && stat(data, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev
    }
}

enum SmallFile {
    static let bytesMax = 65_536

    /// - Returns: the file's first 64 KiB, nil when it can't be read.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = Glibc.read(file, &bytes, bytesMax)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// - Returns: the last bytes of a log.
    static func tail(_ path: String, bytes: Int = 2_000) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let end = lseek(file, 0, SEEK_END)
        lseek(file, max(0, end - bytes), SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: bytes)
        let count = Glibc.read(file, &buffer, bytes)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }
}
