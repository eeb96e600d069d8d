import Crypto
import FoundationEssentials
import Synchronization

/// The nonces of signed messages that were accepted, until the policy itself would refuse the message as too old. Of this process only.
final class SignatureNonces: Sendable {
    private static let bucketSeconds = 30.0

    private let countMax: Int
    /// By the half minute in which they can be forgotten.
    private let buckets = Mutex<[Int: Set<[UInt8]>]>([:])

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// Counts a nonce once.
    /// - Parameter until: from then on the message would be refused anyway. It follows from what is signed, so a replay says the same.
    /// - Throws: `replayed`; ``GatehouseError/unavailable(_:)`` where there is no room, since forgetting would let a replay through.
    func consume(keyID: String, nonce: String, until: Date, now: Date) throws(GatehouseError) {
        var hash = SHA256()
        hash.update(data: Array(keyID.utf8))
        hash.update(data: [0])
        hash.update(data: Array(nonce.utf8))
        let digest = Array(hash.finalize().prefix(16))
        let bucket = Int((until.timeIntervalSince1970 / Self.bucketSeconds).rounded(.up))
        let verdict = buckets.withLock { buckets -> GatehouseError? in
            if buckets[bucket]?.contains(digest) == true { return .refused(.replayed) }
            let present = Int((now.timeIntervalSince1970 / Self.bucketSeconds).rounded(.down))
            buckets = buckets.filter { $0.key >= present }
            guard buckets.values.reduce(0, { $0 + $1.count }) < countMax else { return .unavailable("too many signed messages at once") }
            buckets[bucket, default: []].insert(digest)
            return nil
        }
        if let verdict { throw verdict }
    }
}
