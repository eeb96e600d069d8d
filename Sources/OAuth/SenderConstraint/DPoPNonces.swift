import Crypto
import FoundationEssentials
import OAuthProtocol
import Runtime

/// Nonces that proofs must carry, so that none can be made ahead of time (RFC 9449 §8). Nothing is remembered: each is a MAC over the minute,
/// which every node with the same master keys makes alike.
package struct DPoPNonces: Sendable {
    static let stepSeconds = 60
    /// Minutes for which one still serves after its own.
    private static let stepsKept = 2
    private static let byteCount = 16

    /// The first makes them, all recognise them.
    private let keys: [SymmetricKey]

    package init(keys: [SymmetricKey]) {
        self.keys = keys
    }

    func current(now: Date) -> String {
        keys.first.map { Self.nonce(Self.step(now), $0) } ?? ""
    }

    func contains(_ nonce: String, now: Date) -> Bool {
        let step = Self.step(now)
        // One minute ahead: another node's clock may be.
        return keys.reduce(false) { found, key in
            ((step - Self.stepsKept)...(step + 1)).reduce(found) { ConstantTime.equal(Self.nonce($1, key), nonce) || $0 }
        }
    }

    private static func step(_ now: Date) -> Int { now.numericDate / stepSeconds }

    private static func nonce(_ step: Int, _ key: SymmetricKey) -> String {
        let code = withUnsafeBytes(of: Int64(step).bigEndian) { HMAC<SHA256>.authenticationCode(for: $0, using: key) }
        return Base64URL.encode(Array(code.prefix(byteCount)))
    }
}
