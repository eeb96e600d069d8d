/// SplitMix64: the same numbers on every run, so that a failure can be looked at again.
struct SeededGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(max(1, bound)))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

/// Changes an input in one to four small ways: a byte, a cut, a repetition, a piece of something else.
struct Mutator {
    private var generator: SeededGenerator
    private let corpus: [[UInt8]]
    private let tokens: [[UInt8]]

    init(seed: UInt64, corpus: [String], tokens: [String]) {
        generator = SeededGenerator(seed: seed)
        self.corpus = corpus.map { Array($0.utf8) }
        self.tokens =
            tokens.map { Array($0.utf8) } + [[0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x0D, 0x0A], [0x7F], [0xE2, 0x82]]
    }

    mutating func next() -> [UInt8] {
        var bytes = generator.pick(corpus)
        for _ in 0...generator.below(4) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let position = generator.below(bytes.count + 1)
        switch generator.below(6) {
        case 0 where !bytes.isEmpty: bytes[position % bytes.count] = UInt8(truncatingIfNeeded: generator.next())
        case 1 where !bytes.isEmpty: bytes[position % bytes.count] ^= 1 << UInt8(generator.below(8))
        case 2: bytes.removeSubrange(position..<min(bytes.count, position + generator.below(8)))
        case 3: bytes.insert(contentsOf: generator.pick(tokens), at: position)
        case 4: bytes.append(contentsOf: bytes[position...])
        default:
            let other = generator.pick(corpus)
            bytes.replaceSubrange(position..., with: other[generator.below(other.count)...])
        }
    }
}
