import FoundationEssentials
import OAuthProtocol

/// A password's Argon2id hash in PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` (RFC 9106; salt and hash in base64
/// without padding). It never prints itself.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package let cost: PasswordCost
    /// 8–64 bytes.
    package let salt: [UInt8]
    /// 16–64 bytes.
    package let digest: [UInt8]

    init(cost: PasswordCost, salt: [UInt8], digest: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.digest = digest
    }

    /// Reads what `text` wrote, or what another program did. Costs beyond `PasswordCost`'s bounds are refused: a declared hash must not
    /// take the server's memory.
    /// - Returns: nil unless it is an Argon2id hash of version 19.
    package init?(parsing text: String) {
        guard text.utf8.count <= 512 else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            let cost = PasswordCost(parsing: parts[3]),
            let salt = Self.decode(parts[4]), (8...64).contains(salt.count),
            let digest = Self.decode(parts[5]), (16...64).contains(digest.count)
        else { return nil }
        self.init(cost: cost, salt: salt, digest: digest)
    }

    /// The PHC string, for the database.
    package var text: String {
        "$argon2id$v=19$\(cost.text)$\(Self.encode(salt))$\(Self.encode(digest))"
    }

    /// Whether the password should be hashed again, now that it is at hand, as it was hashed at another cost.
    package func needsRehash(for cost: PasswordCost) -> Bool {
        self.cost != cost || salt.count != PasswordCost.saltByteCount || digest.count != PasswordCost.digestByteCount
    }

    /// In constant time.
    package static func == (a: PasswordHash, b: PasswordHash) -> Bool {
        a.cost == b.cost && ConstantTime.equal(a.salt, b.salt) && ConstantTime.equal(a.digest, b.digest)
    }

    package var description: String { "PasswordHash(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }

    private static func encode(_ bytes: [UInt8]) -> String {
        let padded = Data(bytes).base64EncodedString()
        return String(padded.prefix { $0 != "=" })
    }

    private static func decode(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard !text.contains("="), let data = Data(base64Encoded: text + padding) else { return nil }
        let bytes = Array(data)
        // One spelling only: what isn't written back the same carried stray bits.
        return encode(bytes) == text ? bytes : nil
    }
}
