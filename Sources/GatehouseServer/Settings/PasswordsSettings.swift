/// `passwords`: what an Argon2id hash costs, and how many are computed at once.
package struct PasswordsSettings: Sendable {
    package var memoryKiB = 19_456
    package var iterations = 2
    package var parallelism = 1
    /// Threads of their own; nil is one for each core.
    package var threads: Int?
    /// Sign-ins that wait for a thread; one more is answered 503 with Retry-After.
    package var queueMax = 64

    init(_ section: SettingsSection, local: Bool) {
        memoryKiB = section.read("memory_kib", .int(64...1_048_576), default: memoryKiB)
        iterations = section.read("iterations", .int(1...64), default: iterations)
        parallelism = section.read("parallelism", .int(1...16), default: parallelism)
        threads = section.find("threads", .int(1...256))
        queueMax = section.read("queue_max", .int(1...10_000), default: queueMax)
        if memoryKiB < 8 * parallelism { section.refuse("memory_kib", "must be at least 8 for each lane of parallelism") }
        if !local, !isStrong {
            section.refuse("memory_kib", "is too cheap with \(iterations) iterations; OWASP's least is 19456 KiB × 2 or 7168 KiB × 5")
        }
    }

    /// OWASP's password storage sheet: settings of equal strength, memory against time.
    private var isStrong: Bool {
        [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)].contains { memoryKiB >= $0.0 && iterations >= $0.1 }
    }
}
