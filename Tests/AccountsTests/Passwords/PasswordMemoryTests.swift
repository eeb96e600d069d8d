import Runtime
import Synchronization
import TestKit
import Testing

@testable import Accounts

@Suite struct PasswordMemoryTests {
    @Test func `a block serves again for work of its size`() throws {
        let memory = PasswordMemory()
        let block = try #require(memory.take(65_536))
        memory.put(block, 65_536)
        #expect(memory.spareByteCount == 65_536)
        let larger = try #require(memory.take(131_072))
        #expect(larger != block)
        #expect(memory.take(65_536) == block)
        #expect(memory.spareByteCount == 0)
        memory.put(block, 65_536)
        memory.put(larger, 131_072)
        memory.release()
    }

    @Test func `what nobody works in is given back`() throws {
        let memory = PasswordMemory()
        let blocks = try (0..<3).map { _ in try #require(memory.take(65_536)) }
        for block in blocks[1...] { memory.put(block, 65_536) }
        memory.release()
        #expect(memory.spareByteCount == 0)
        // The one that is lent is still there.
        blocks[0][65_535] = 1
        memory.put(blocks[0], 65_536)
        #expect(memory.spareByteCount == 65_536)
        memory.release()
    }

    @Test func `more than the system has is refused`() {
        #expect(PasswordMemory().take(1 << 60) == nil)
    }

    @Test func `a thread that has nothing to do says so, once between two passwords`() async throws {
        let idleCount = Mutex(0)
        let queue = PasswordQueue(threads: 1, waitingMax: 4, idle: { idleCount.withLock { $0 += 1 } }) { work in
            [UInt8](repeating: 7, count: work.digestByteCount)
        }
        defer { queue.close() }
        let cost = try #require(PasswordCost(memoryKiB: 64, passes: 1, parallelism: 1))
        let password = try #require(PasswordBytes("x"))
        for count in 1...3 {
            try await eventually("the thread sleeps") { idleCount.withLock { $0 } == count }
            _ = try await queue.derive(PasswordDerivation(password: password, salt: [1], cost: cost, digestByteCount: 4))
        }
    }
}
