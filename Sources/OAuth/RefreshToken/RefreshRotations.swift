import Postgres

/// Rotates refresh tokens, many in one transaction: what arrives while one is under way goes with the next.
///
/// A batch takes the common case only: a token that is presented for the first time, of a family that nobody else works on. Everything
/// else – a replay, reuse, a refusal, a family that is locked – is judged by itself, under its family's lock.
package final class RefreshRotations: Sendable {
    private static let batchMax = 64
    private static let waitingMax = 10_000

    private let store: RefreshTokenStore
    private let queue: BatchQueue<RefreshTokenStore.Rotation, RefreshTokenVerdict?>

    package init(_ database: any Queryable) {
        let store = RefreshTokenStore(database)
        self.store = store
        // Two, so that PostgreSQL works on one while the answers of the other are made.
        queue = BatchQueue(batchMax: Self.batchMax, waitingMax: Self.waitingMax, lanes: 2) { batch in
            do {
                return try await store.rotate(batch)
            } catch let error as PostgresError where !error.isUnavailable && !error.mayHaveCommitted {
                // One that the database refuses must not take the others with it.
                return batch.map { _ in .success(nil) }
            } catch {
                return batch.map { _ in .failure(error) }
            }
        }
    }

    /// Rotations that wait for the next batch.
    var waitingCount: Int { queue.waitingCount }

    /// - Throws: `PostgresError`; with `mayHaveCommitted` the same token gives the same successor when it is presented again.
    func rotate(_ rotation: RefreshTokenStore.Rotation) async throws -> RefreshTokenVerdict {
        // A batch passes lists on as texts with spaces between.
        let isPlain = rotation.requestedAudiences.allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: " ")) }
        if isPlain, let verdict = try await queue.submit(rotation) { return verdict }
        return try await store.rotate(rotation)
    }
}
