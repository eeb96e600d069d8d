/// What one password hash costs (RFC 9106 §3.1).
package struct PasswordCost: Sendable, Equatable {
    static let saltByteCount = 16
    static let digestByteCount = 32

    /// m: memory in KiB, 8 × parallelism to 1 GiB.
    package let memoryKiB: Int
    /// t: passes over the memory, 1–64.
    package let passes: Int
    /// p: lanes, 1–16; computed one after the other, so that a hash never takes more than its own thread.
    package let parallelism: Int

    /// 19 MiB, two passes, one lane: the OWASP recommendation.
    package static let standard = PasswordCost(uncheckedMemoryKiB: 19_456, passes: 2, parallelism: 1)

    /// - Returns: nil when a value is out of its bounds.
    package init?(memoryKiB: Int, passes: Int, parallelism: Int) {
        guard (1...64).contains(passes), (1...16).contains(parallelism),
            (8 * parallelism...1_048_576).contains(memoryKiB)
        else { return nil }
        self.init(uncheckedMemoryKiB: memoryKiB, passes: passes, parallelism: parallelism)
    }

    private init(uncheckedMemoryKiB memoryKiB: Int, passes: Int, parallelism: Int) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.parallelism = parallelism
    }

    /// Reads `m=19456,t=2,p=1`, in this order.
    init?(parsing text: Substring) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3, let memory = Self.number(parts[0], after: "m="), let passes = Self.number(parts[1], after: "t="),
            let parallelism = Self.number(parts[2], after: "p=")
        else { return nil }
        self.init(memoryKiB: memory, passes: passes, parallelism: parallelism)
    }

    var text: String { "m=\(memoryKiB),t=\(passes),p=\(parallelism)" }

    private static func number(_ text: Substring, after name: String) -> Int? {
        guard text.hasPrefix(name) else { return nil }
        let digits = text.dropFirst(name.count)
        guard digits.count <= 9, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits.count == 1 || digits.first != "0"
        else { return nil }
        return Int(digits)
    }
}
