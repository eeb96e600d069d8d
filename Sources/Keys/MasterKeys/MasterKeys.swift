import Crypto
import FoundationEssentials
import Runtime

/// The keys that recoverable secrets are stored under. The first one seals, all of them open, so that a new master key is introduced
/// in two starts: first behind the old one on every node, then before it.
///
/// Each table has its own AES-256-GCM key, derived by HKDF-SHA256 (RFC 5869), and what is sealed is bound to its table, column and row:
/// a sealed value that somebody copies to another place no longer opens.
package struct MasterKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private struct Entry: Sendable {
        let keyID: String
        let key: SymmetricKey
    }

    private static let byteCount = 32
    private static let keysMax = 8

    private let entries: [Entry]

    private init(entries: [Entry]) {
        self.entries = entries
    }

    /// Reads the setting: `id:base64(32 bytes)`, more of the same after commas. An id is 1–32 characters of `A–Z a–z 0–9 - _ .`.
    /// - Throws: `MasterKeyError.malformed` or `.duplicate`.
    package init(parsing text: String) throws(MasterKeyError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var entries: [Entry] = []
        for (index, part) in parts.enumerated() {
            let entry = try Self.parse(part, position: index + 1)
            if entries.contains(where: { $0.keyID == entry.keyID }) { throw .duplicate(keyID: entry.keyID) }
            entries.append(entry)
        }
        if entries.count > Self.keysMax { throw .malformed(position: Self.keysMax + 1, reason: "at most \(Self.keysMax) are accepted") }
        self.entries = entries
    }

    /// One new key; `text` gives what to store in a file or the environment.
    package static func generate(keyID: String = "1", randomness: any Randomness) -> MasterKeys {
        MasterKeys(entries: [Entry(keyID: keyID, key: SymmetricKey(data: randomness.bytes(byteCount)))])
    }

    /// The keys as `init(parsing:)` reads them. Secret.
    package var text: String {
        entries.map { "\($0.keyID):\($0.key.withUnsafeBytes { Data($0).base64EncodedString() })" }.joined(separator: ",")
    }

    /// The ids, the sealing one first.
    package var keyIDs: [String] { entries.map(\.keyID) }

    package var description: String { "MasterKeys(\(keyIDs.joined(separator: ", ")))" }

    package var customMirror: Mirror { Mirror(self, children: []) }

    private static func parse(_ part: Substring, position: Int) throws(MasterKeyError) -> Entry {
        let trimmed = part.drop(while: \.isWhitespace)
        guard let colon = trimmed.firstIndex(of: ":") else {
            throw .malformed(position: position, reason: "expected id:base64")
        }
        let keyID = String(trimmed[..<colon])
        guard isKeyID(keyID) else {
            throw .malformed(position: position, reason: "an id is 1 to 32 characters of A-Z, a-z, 0-9, '-', '_' and '.'")
        }
        var encoded = trimmed[trimmed.index(after: colon)...]
        while encoded.last?.isWhitespace == true { encoded.removeLast() }
        guard let data = Data(base64Encoded: String(encoded)), data.count == byteCount else {
            throw .malformed(position: position, reason: "\"\(keyID)\" is not the base64 of \(byteCount) bytes")
        }
        return Entry(keyID: keyID, key: SymmetricKey(data: data))
    }

    private static func isKeyID(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private func find(_ keyID: String) -> SymmetricKey? {
        entries.first { $0.keyID == keyID }?.key
    }
}

// MARK: - Sealing

extension MasterKeys {
    private static let version: UInt8 = 1
    private static let nonceByteCount = 12
    private static let tagByteCount = 16

    /// Encrypts for one place in the database.
    /// - Returns: version (1) ‖ length of the key id (1) ‖ key id ‖ nonce (12) ‖ ciphertext ‖ tag (16).
    package func seal(_ plaintext: [UInt8], table: String, column: String, row: String, randomness: any Randomness) throws -> [UInt8] {
        let entry = entries[0]
        var sealed = sealHeader
        let place = Self.place(header: sealed[...], table: table, column: column, row: row)
        let nonce = try AES.GCM.Nonce(data: randomness.bytes(Self.nonceByteCount))
        let box = try AES.GCM.seal(plaintext, using: Self.subkey(of: entry.key, table: table), nonce: nonce, authenticating: place)
        sealed.append(contentsOf: nonce)
        sealed.append(contentsOf: box.ciphertext)
        sealed.append(contentsOf: box.tag)
        return sealed
    }

    /// What everything begins with that is sealed now: what begins otherwise is sealed under an older key.
    package var sealHeader: [UInt8] {
        [Self.version, UInt8(entries[0].keyID.utf8.count)] + entries[0].keyID.utf8
    }

    /// Decrypts what `seal` made for the same place.
    /// - Throws: `MasterKeyError.unknownKey` when its master key is not here, `.unreadable` when it was altered or moved.
    package func open(_ sealed: [UInt8], table: String, column: String, row: String) throws(MasterKeyError) -> [UInt8] {
        let unreadable = MasterKeyError.unreadable(table: table, column: column, row: row)
        guard let keyID = Self.keyID(of: sealed) else { throw unreadable }
        guard let key = find(keyID) else { throw .unknownKey(keyID: keyID) }
        let headerEnd = 2 + keyID.utf8.count
        let body = sealed[headerEnd...]
        guard body.count >= Self.nonceByteCount + Self.tagByteCount else { throw unreadable }
        let place = Self.place(header: sealed[..<headerEnd], table: table, column: column, row: row)
        do {
            let box = try AES.GCM.SealedBox(combined: body)
            return Array(try AES.GCM.open(box, using: Self.subkey(of: key, table: table), authenticating: place))
        } catch {
            throw unreadable
        }
    }

    /// The id of the master key that something was sealed under; nil when the bytes are none of ours.
    package static func keyID(of sealed: [UInt8]) -> String? {
        guard sealed.count >= 2, sealed[0] == version else { return nil }
        let end = 2 + Int(sealed[1])
        guard end <= sealed.count else { return nil }
        let keyID = String(decoding: sealed[2..<end], as: UTF8.self)
        return isKeyID(keyID) ? keyID : nil
    }

    private static func subkey(of key: SymmetricKey, table: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array("gatehouse seal 1\0\(table)".utf8), outputByteCount: 32)
    }

    /// The associated data: every part with its length before it, so that no two places read the same.
    private static func place(header: ArraySlice<UInt8>, table: String, column: String, row: String) -> [UInt8] {
        var data = Array(header)
        for part in [table, column, row] {
            let count = UInt32(truncatingIfNeeded: part.utf8.count)
            for shift in [24, 16, 8, 0] as [UInt32] { data.append(UInt8(truncatingIfNeeded: count >> shift)) }
            data.append(contentsOf: part.utf8)
        }
        return data
    }
}

// MARK: - Derived keys

extension MasterKeys {
    /// A 256-bit key for one purpose (CSRF tokens, refresh successors, …) from the first master key, with the id to find it again by.
    package func derive(label: String) -> (keyID: String, key: SymmetricKey) {
        (entries[0].keyID, Self.derived(from: entries[0].key, label: label))
    }

    /// The key of this purpose from the master key with this id; from the first one when `keyID` is nil.
    /// - Throws: `MasterKeyError.unknownKey`.
    package func derive(label: String, keyID: String?) throws(MasterKeyError) -> (keyID: String, key: SymmetricKey) {
        guard let keyID else { return derive(label: label) }
        guard let key = find(keyID) else { throw .unknownKey(keyID: keyID) }
        return (keyID, Self.derived(from: key, label: label))
    }

    /// Tells two keys of one id apart without telling anything of either: the keys are 256 random bits, and this is a hash of a derived one.
    /// - Returns: 16 hexadecimal digits; nil when the key is not here.
    package func fingerprint(of keyID: String) -> String? {
        guard let key = find(keyID) else { return nil }
        let derived = Self.derived(from: key, label: "fingerprint").withUnsafeBytes { SHA256.hash(data: $0) }
        return derived.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func derived(from key: SymmetricKey, label: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array("gatehouse derive 1\0\(label)".utf8), outputByteCount: 32)
    }
}
