import Dispatch
import Runtime
import Synchronization
import Testing

@testable import Accounts

@Suite struct PasswordHasherTests {
    private let cheap = PasswordCost(memoryKiB: 64, passes: 1, parallelism: 1) ?? .standard

    private func makeHasher() -> PasswordHasher {
        PasswordHasher(cost: cheap, threads: 2, randomness: SystemRandomness())
    }

    @Test func `a password is its hash's and no other is`() async throws {
        let hasher = makeHasher()
        let hash = try await hasher.hash("a long enough sentence")
        #expect(try await hasher.verify("a long enough sentence", against: hash))
        #expect(try await !hasher.verify("a long enough sentence ", against: hash))
        #expect(try await !hasher.verify("", against: hash))
        #expect(hash.cost == cheap)
    }

    @Test func `two hashes of one password differ`() async throws {
        let hasher = makeHasher()
        let first = try await hasher.hash("same")
        let second = try await hasher.hash("same")
        #expect(first.salt != second.salt)
        #expect(first.digest != second.digest)
    }

    @Test func `the standard cost is the one of the design`() async throws {
        let hash = try await PasswordHasher(threads: 1, randomness: SystemRandomness()).hash("x")
        #expect(hash.text.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    }

    @Test func `hashes with several lanes are verified on one thread`() async throws {
        let cost = try #require(PasswordCost(memoryKiB: 64, passes: 2, parallelism: 4))
        let hasher = PasswordHasher(cost: cost, threads: 1, randomness: SystemRandomness())
        let hash = try await hasher.hash("lanes")
        #expect(try await hasher.verify("lanes", against: hash))
    }

    @Test(arguments: [("\u{E9}t\u{E9}", "e\u{301}te\u{301}"), ("a\u{A0}b", "a b"), ("\u{AC00}", "\u{1100}\u{1161}")])
    func `one password typed on two keyboards is one password`(composed: String, decomposed: String) async throws {
        let hasher = makeHasher()
        #expect(try await hasher.verify(decomposed, against: hasher.hash(composed)))
    }

    @Test func `characters that only look alike are different passwords`() async throws {
        let hasher = makeHasher()
        #expect(try await !hasher.verify("x2", against: hasher.hash("x\u{B2}")))
    }

    @Test func `a password may have 1024 bytes and no more`() async throws {
        let hasher = makeHasher()
        let longest = String(repeating: "x", count: 1_024)
        let hash = try await hasher.hash(longest)
        #expect(try await hasher.verify(longest, against: hash))
        #expect(try await !hasher.verify(longest + "x", against: hash))
        await #expect(throws: PasswordHasherError.passwordTooLong) { try await hasher.hash(longest + "x") }
    }

    @Test func `nobody's password is refused after a derivation of the same cost`() async throws {
        let seen = Mutex<[PasswordCost]>([])
        let queue = PasswordQueue(threads: 1, waitingMax: 1) { work in
            seen.withLock { $0.append(work.cost) }
            return try PasswordHasher.argon2(work)
        }
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: SystemRandomness())
        #expect(try await !hasher.verify("anything", against: nil))
        #expect(seen.withLock { $0 } == [cheap])
    }

    @Test func `a digest that nobody's dummy happens to have is still refused`() async throws {
        let queue = PasswordQueue(threads: 1, waitingMax: 1) { work in [UInt8](repeating: 7, count: work.digestByteCount) }
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: ConstantRandomness())
        #expect(try await !hasher.verify("anything", against: nil))
    }

    @Test func `a full queue refuses at once and recovers`() async throws {
        let gate = Gate()
        let queue = PasswordQueue(threads: 1, waitingMax: 2, derive: gate.derive)
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: SystemRandomness())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { _ = try await hasher.hash("x") } }
            await untilTrue { queue.load == 3 }
            await #expect(throws: PasswordHasherError.queueFull) { try await hasher.hash("x") }
            gate.open(4)
            try await group.waitForAll()
        }
        _ = try await hasher.hash("x")
    }

    @Test func `a cancelled caller leaves the queue and makes room`() async throws {
        let gate = Gate()
        let queue = PasswordQueue(threads: 1, waitingMax: 1, derive: gate.derive)
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: SystemRandomness())
        let running = Task { try await hasher.hash("x") }
        await untilTrue { gate.arrived == 1 }
        let waiting = Task { try await hasher.hash("x") }
        await untilTrue { queue.load == 2 }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(queue.load == 1)
        let next = Task { try await hasher.hash("x") }
        await untilTrue { queue.load == 2 }
        gate.open(2)
        _ = try await running.value
        _ = try await next.value
        #expect(gate.arrived == 2)
    }

    @Test func `a caller that is cancelled already never waits`() async throws {
        let gate = Gate()
        let queue = PasswordQueue(threads: 1, waitingMax: 4, derive: gate.derive)
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: SystemRandomness())
        let running = Task { try await hasher.hash("x") }
        await untilTrue { gate.arrived == 1 }
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await hasher.hash("x")
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        gate.open(1)
        _ = try await running.value
    }

    @Test func `a closed queue fails what waits and what comes`() async throws {
        let gate = Gate()
        let queue = PasswordQueue(threads: 1, waitingMax: 4, derive: gate.derive)
        let hasher = PasswordHasher(cost: cheap, queue: queue, randomness: SystemRandomness())
        let running = Task { try await hasher.hash("x") }
        await untilTrue { gate.arrived == 1 }
        let waiting = Task { try await hasher.hash("x") }
        await untilTrue { queue.load == 2 }
        queue.close()
        await #expect(throws: PasswordHasherError.stopped) { try await waiting.value }
        await #expect(throws: PasswordHasherError.stopped) { try await hasher.hash("x") }
        gate.open(1)
        _ = try await running.value
    }

    /// Lets other tasks run until the condition holds.
    private func untilTrue(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }
}

/// Holds the hasher's threads until it is opened.
private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let count = Mutex(0)

    var arrived: Int { count.withLock { $0 } }

    func open(_ times: Int) {
        for _ in 0..<times { semaphore.signal() }
    }

    @Sendable func derive(_ work: PasswordDerivation) -> [UInt8] {
        count.withLock { $0 += 1 }
        semaphore.wait()
        return [UInt8](repeating: 0, count: work.digestByteCount)
    }
}

private struct ConstantRandomness: Randomness {
    func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }
}
