/// Pauses that double, with jitter so that many nodes don't knock at once.
struct Backoff: Sendable {
    let min: Duration
    let max: Duration
    private(set) var attemptCount = 0
    private var state: UInt64

    /// - Parameter seed: any number that differs from node to node.
    init(min: Duration, max: Duration, seed: UInt64) {
        self.min = min
        self.max = max
        state = seed
    }

    mutating func reset() { attemptCount = 0 }

    /// - Returns: between half and the whole of `min` × 2ⁿ, at most `max`.
    mutating func next() -> Duration {
        let whole = Swift.min(max, min * (1 << Swift.min(attemptCount, 16)))
        attemptCount += 1
        // SplitMix64: jitter needs no secrecy.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return whole / 2 + (whole / 2) * (Double(mixed >> 11) / Double(1 << 53))
    }
}
