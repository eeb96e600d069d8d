import FoundationEssentials
import Runtime
import Synchronization

/// What was read from the database, held in memory while changes of it are announced to this node; when that line is lost, nothing is
/// older than `staleAfter`.
final class AnnouncedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let loadedAt: Date
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Raised by every flush, so that what was read before a change is not kept after it.
        var generation = 0
        var isListening = false
    }

    enum Lookup {
        case held(Value)
        case missing(generation: Int)
    }

    private let entriesMax: Int
    private let staleAfter: Duration
    private let state = Mutex(State())

    init(entriesMax: Int, staleAfter: Duration = .seconds(5)) {
        self.entriesMax = entriesMax
        self.staleAfter = staleAfter
    }

    func find(_ key: Key, now: Date) -> Lookup {
        state.withLock { state in
            guard let entry = state.entries[key], state.isListening || now < entry.loadedAt + staleAfter else {
                return .missing(generation: state.generation)
            }
            return .held(entry.value)
        }
    }

    /// Keeps what was read after ``find(_:now:)`` had missed it.
    func keep(_ value: Value, for key: Key, generation: Int, now: Date) {
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[key] = Entry(value: value, loadedAt: now)
        }
    }

    /// Forgets everything: something has changed.
    func flush() {
        state.withLock { state in
            state.entries.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }

    /// Says whether changes are being announced to this node.
    func setListening(_ isListening: Bool) {
        state.withLock { $0.isListening = isListening }
        flush()
    }
}
