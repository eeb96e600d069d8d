import CArgon2
import Glibc
import Synchronization

/// The blocks that Argon2 works in: used again while passwords wait, given back to the system when none does. malloc would keep each thread's
/// 19 MiB for good.
final class PasswordMemory: Sendable {
    static let shared = PasswordMemory()

    private struct Block {
        let address: UInt
        let byteCount: Int
    }

    /// More than any number of threads that a machine of today has.
    private static let spareCountMax = 256

    private let spare = Mutex<[Block]>([])

    /// - Returns: nil where the system has none.
    func take(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
        let held = spare.withLock { spare in
            spare.lastIndex { $0.byteCount == byteCount }.map { spare.remove(at: $0) }
        }
        if let held { return UnsafeMutablePointer(bitPattern: held.address) }
        let made = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return made == MAP_FAILED ? nil : made?.assumingMemoryBound(to: UInt8.self)
    }

    /// Whoever puts it back has wiped it; libargon2 does.
    func put(_ block: UnsafeMutablePointer<UInt8>, _ byteCount: Int) {
        let isKept = spare.withLock { spare in
            guard spare.count < Self.spareCountMax else { return false }
            spare.append(Block(address: UInt(bitPattern: block), byteCount: byteCount))
            return true
        }
        if !isKept { munmap(block, byteCount) }
    }

    /// Gives back what nobody works in.
    func release() {
        let blocks = spare.withLock { spare in
            defer { spare = [] }
            return spare
        }
        for block in blocks { munmap(UnsafeMutableRawPointer(bitPattern: block.address), block.byteCount) }
    }

    /// What is kept, and nobody works in.
    var spareByteCount: Int { spare.withLock { $0.reduce(0) { $0 + $1.byteCount } } }

    /// Makes libargon2 work in blocks of ours.
    static func lend(to context: inout argon2_context) {
        context.allocate_cbk = { memory, byteCount in
            memory?.pointee = PasswordMemory.shared.take(byteCount)
            return memory?.pointee == nil ? ARGON2_MEMORY_ALLOCATION_ERROR.rawValue : ARGON2_OK.rawValue
        }
        context.free_cbk = { block, byteCount in
            if let block { PasswordMemory.shared.put(block, byteCount) }
        }
    }
}
