import Crypto
import FoundationEssentials
import Glibc

/// The files of one backup: a folder that only its owner may enter, with a dump and a manifest.
struct BackupFolder: Sendable {
    private static let manifestBytesMax = 1 << 20

    let path: String

    var dump: String { path + "/database.dump" }
    var manifest: String { path + "/manifest.json" }
    var log: String { path + "/postgresql.log" }

    // MARK: Writing

    /// A new folder beside the place that the finished one will have: what is half-written never stands under the final name.
    /// - Throws: `DeploymentError` where something is already there, or can't be made.
    static func begin(for path: String, processID: Int32 = getpid()) throws -> BackupFolder {
        guard access(path, F_OK) != 0 else { throw DeploymentError("\(path) exists already") }
        let folder = BackupFolder(path: "\(path).unfinished-\(processID)")
        guard mkdir(folder.path, 0o700) == 0 else { throw failure(folder.path, "made") }
        return folder
    }

    /// Makes an empty file for its owner alone, for another program to write to.
    static func makeFile(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "made") }
        close(descriptor)
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "written") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw failure(path, "written") }
    }

    /// Gives the folder its final name, when everything in it is on the disk.
    func finish(as path: String) throws {
        unlink(log)
        for file in [dump, manifest, self.path] { try Self.sync(file) }
        guard rename(self.path, path) == 0 else { throw Self.failure(path, "made") }
        try Self.sync(Self.parent(of: path))
    }

    /// What an attempt left behind.
    func remove() {
        for file in [dump, manifest, log] { unlink(file) }
        rmdir(path)
    }

    // MARK: Reading

    func readManifest() throws -> BackupManifest {
        guard let data = FileManager.default.contents(atPath: manifest), data.count <= Self.manifestBytesMax else {
            throw DeploymentError("\(manifest) can not be read: give the folder that gatehouse backup made")
        }
        return try BackupManifest(parsing: Array(data))
    }

    /// The dump's length and its SHA-256 in hex. Blocks.
    func measureDump() throws -> (bytes: Int, sha256: String) {
        let descriptor = open(dump, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(dump, "read") }
        defer { close(descriptor) }
        var hash = SHA256()
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw Self.failure(dump, "read") }
            if count == 0 { break }
            hash.update(data: buffer[..<count])
            total += count
        }
        return (total, hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    }

    // MARK: Inside

    private static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path, "brought to the disk") }
    }

    private static func parent(of path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }

    private static func failure(_ path: String, _ done: String) -> DeploymentError {
        DeploymentError("\(path) can not be \(done): \(String(cString: strerror(errno)))")
    }
}
