/// Lets only so many tests use the test cluster at once: Swift Testing starts them all together, and PostgreSQL's connections are counted.
actor TestTurns {
    static let shared = TestTurns(countMax: 24)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(countMax: Int) {
        free = countMax
    }

    /// Runs `body` when there is room.
    nonisolated func take<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        await begin()
        do {
            let value = try await body()
            await end()
            return value
        } catch {
            await end()
            throw error
        }
    }

    private func begin() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func end() {
        guard !waiting.isEmpty else {
            free += 1
            return
        }
        waiting.removeFirst().resume()
    }
}
