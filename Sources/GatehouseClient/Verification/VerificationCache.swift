import Crypto
import FoundationEssentials
import Runtime
import Synchronization

/// What the server said about a credential a moment ago. Credentials are kept as their SHA-256 only.
final class VerificationCache: Sendable {
    /// What was asked about: a digest over the kind of question, the credential, and where it came from.
    struct Question: Hashable, Sendable {
        fileprivate let digest: [UInt8]

        init(_ kind: String, _ credential: String, address: String? = nil) {
            var hash = SHA256()
            for part in [kind, address ?? "", credential] {
                hash.update(data: Array(part.utf8))
                // None of the parts holds a NUL that would let one question be mistaken for another.
                hash.update(data: [0])
            }
            digest = Array(hash.finalize())
        }
    }

    enum Word: Sendable {
        case known(GatehouseCaller)
        case refused(GatehouseRefusal)
    }

    private let ageMax: Duration
    private let refusalAgeMax: Duration
    private let countMax: Int
    private let words = Mutex<[Question: (word: Word, until: Date)]>([:])

    init(_ options: GatehouseOptions) {
        ageMax = options.cacheAgeMax
        refusalAgeMax = options.cacheRefusalAgeMax
        countMax = options.cacheCountMax
    }

    func find(_ question: Question, now: Date) -> Word? {
        words.withLock { words in
            guard let found = words[question], now < found.until else { return nil }
            return found.word
        }
    }

    func insert(_ word: Word, for question: Question, now: Date) {
        let age: Duration
        switch word {
        case .known: age = ageMax
        case .refused: age = min(ageMax, refusalAgeMax)
        }
        guard age > .zero else { return }
        words.withLock { words in
            if words.count >= countMax {
                words = words.filter { now < $0.value.until }
                if words.count >= countMax { words.removeAll() }
            }
            words[question] = (word, now + age)
        }
    }
}
