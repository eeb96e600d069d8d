import FoundationEssentials
import Glibc
import Keys
import Runtime

/// Where the master keys come from: given, read from a file, or made at the first local start.
enum MasterKeyFile {
    private static let bytesMax = 65_536

    /// - Throws: `MasterKeyError`, `DeploymentError`.
    static func read(_ source: MasterKeySource, workingDirectory: String) throws -> MasterKeys {
        switch source {
        case .given(let text): return try MasterKeys(parsing: text.text)
        case .file(let path): return try parse(Deployment.absolute(path, workingDirectory))
        case .generated(let path):
            let path = Deployment.absolute(path, workingDirectory)
            try createIfMissing(path)
            return try parse(path)
        }
    }

    private static func parse(_ path: String) throws -> MasterKeys {
        guard let data = FileManager.default.contents(atPath: path), data.count <= bytesMax else {
            throw DeploymentError("the master key file \(path) can not be read")
        }
        return try MasterKeys(parsing: String(decoding: data, as: UTF8.self).trimmingWhitespace)
    }

    /// Written beside and linked into place: of two processes that start at once, both read the same key.
    private static func createIfMissing(_ path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "/" + directory, withIntermediateDirectories: true)
        let fresh = "\(path).\(getpid())"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DeploymentError("\(fresh) can not be written: \(String(cString: strerror(errno)))") }
        defer { unlink(fresh) }
        let bytes = Array(MasterKeys.generate(randomness: SystemRandomness()).text.utf8) + [UInt8(ascii: "\n")]
        let written = write(descriptor, bytes, bytes.count)
        fsync(descriptor)
        close(descriptor)
        guard written == bytes.count else { throw DeploymentError("\(fresh) can not be written") }
        guard link(fresh, path) == 0 || errno == EEXIST else {
            throw DeploymentError("\(path) can not be written: \(String(cString: strerror(errno)))")
        }
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
