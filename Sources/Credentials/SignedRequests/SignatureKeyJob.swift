import FoundationEssentials
import Keys
import Postgres
import Runtime

/// Erases secrets that rotations have replaced, and moves the others to the first master key, so that an old one can be taken away.
package enum SignatureKeyJob {
    /// Nodes' clocks may differ: what one still accepts, another must not have erased.
    static let previousKeptFor: Duration = .seconds(60)
    private static let batchMax = 100

    package static func make(_ database: Database, masterKeys: MasterKeys, randomness: any Randomness) -> Job {
        Job(name: "signature keys", interval: .seconds(60), reach: .oneNode) { now in
            while try await SignatureKeyStore(database).erasePrevious(before: now - previousKeptFor, countMax: batchMax) == batchMax {}
            try await reseal(database, masterKeys, randomness)
        }
    }

    /// Tells nobody: what the keys check with stays the same.
    private static func reseal(_ database: Database, _ masterKeys: MasterKeys, _ randomness: any Randomness) async throws {
        let header = masterKeys.sealHeader
        for id in try await SignatureKeyStore(database).list(notSealedWith: header, countMax: batchMax) {
            try await database.transaction { transaction in
                let store = SignatureKeyStore(transaction)
                try await store.lock(id: id)
                guard var row = try await store.find(id: id) else { return }
                func resealed(_ sealed: [UInt8]?, _ column: SignatureKeyRow.Column) throws -> [UInt8]? {
                    // One that this node can't open waits for a node that can.
                    guard let sealed, let opened = try? row.open(sealed, column, masterKeys: masterKeys) else { return sealed }
                    return try SignatureKeyRow.seal(opened, column, keyID: id, masterKeys: masterKeys, randomness: randomness)
                }
                row.material = try resealed(row.material, .material)
                row.previousMaterial = try resealed(row.previousMaterial, .previousMaterial)
                try await store.reseal(row)
            }
        }
    }
}
