import CArgon2
import FoundationEssentials
import OAuthProtocol
import Runtime
import Synchronization

/// Hashes and compares passwords with Argon2id on threads of its own: 20 ms of CPU and 19 MiB at a time must not hold up Swift's pool.
/// What waits is bounded; beyond that a caller is refused at once (`PasswordHasherError.queueFull`).
package final class PasswordHasher: Sendable {
    /// The cost of new hashes, and of the comparison with nobody.
    package let cost: PasswordCost

    private let queue: PasswordQueue
    private let randomness: any Randomness
    /// What an unknown user's password is compared with. Its digest is the hash of nothing.
    private let nobody: PasswordHash

    /// - Parameters:
    ///   - threads: how many passwords are hashed at once; by default as many as there are cores.
    ///   - waitingMax: how many more may wait.
    package convenience init(
        cost: PasswordCost = .standard, threads: Int? = nil, waitingMax: Int = 64, randomness: any Randomness
    ) {
        let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        self.init(
            cost: cost,
            queue: PasswordQueue(threads: threads, waitingMax: waitingMax, idle: PasswordMemory.shared.release, derive: Self.argon2),
            randomness: randomness)
    }

    init(cost: PasswordCost, queue: PasswordQueue, randomness: any Randomness) {
        self.cost = cost
        self.queue = queue
        self.randomness = randomness
        nobody = PasswordHash(
            cost: cost, salt: randomness.bytes(PasswordCost.saltByteCount), digest: randomness.bytes(PasswordCost.digestByteCount))
    }

    deinit {
        queue.close()
    }

    /// How full the queue is.
    package var figures: PasswordFigures { queue.figures }

    /// A new hash, under a new salt.
    /// - Throws: `PasswordHasherError`; `CancellationError` when the task was cancelled while it waited.
    package func hash(_ password: String) async throws -> PasswordHash {
        guard let bytes = PasswordBytes(password) else { throw PasswordHasherError.passwordTooLong }
        let salt = randomness.bytes(PasswordCost.saltByteCount)
        let digest = try await queue.derive(
            PasswordDerivation(password: bytes, salt: salt, cost: cost, digestByteCount: PasswordCost.digestByteCount))
        return PasswordHash(cost: cost, salt: salt, digest: digest)
    }

    /// Whether this is the password of the hash. For nobody (nil) the answer is no, after the time that a hash of today's cost takes:
    /// how long sign-in takes must not tell who has an account.
    ///
    /// A password over 1,024 bytes is nobody's, and the answer comes at once whether or not the user exists.
    /// - Throws: `PasswordHasherError`; `CancellationError` when the task was cancelled while it waited.
    package func verify(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        guard let bytes = PasswordBytes(password) else { return false }
        let expected = hash ?? nobody
        let digest = try await queue.derive(
            PasswordDerivation(password: bytes, salt: expected.salt, cost: expected.cost, digestByteCount: expected.digest.count))
        let isEqual = ConstantTime.equal(digest, expected.digest)
        return isEqual && hash != nil
    }

    /// `ARGON2_FLAG_CLEAR_PASSWORD`, a macro that Swift doesn't see.
    private static let flagClearPassword: UInt32 = 1

    /// Runs Argon2id (RFC 9106) in place.
    static func argon2(_ work: PasswordDerivation) throws -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: work.digestByteCount)
        var salt = work.salt
        let code = work.password.withBytes { password in
            digest.withUnsafeMutableBufferPointer { digest in
                salt.withUnsafeMutableBufferPointer { salt in
                    var context = argon2_context()
                    context.out = digest.baseAddress
                    context.outlen = UInt32(digest.count)
                    context.pwd = password.baseAddress
                    context.pwdlen = UInt32(password.count)
                    context.salt = salt.baseAddress
                    context.saltlen = UInt32(salt.count)
                    context.t_cost = UInt32(work.cost.passes)
                    context.m_cost = UInt32(work.cost.memoryKiB)
                    context.lanes = UInt32(work.cost.parallelism)
                    context.threads = 1
                    context.version = UInt32(ARGON2_VERSION_13.rawValue)
                    // libargon2 wipes our copy of the password as soon as it has read it, and its own memory when it is done.
                    context.flags = Self.flagClearPassword
                    PasswordMemory.lend(to: &context)
                    return argon2id_ctx(&context)
                }
            }
        }
        guard code == ARGON2_OK.rawValue else { throw PasswordHasherError.argon2(code: code) }
        return digest
    }
}
