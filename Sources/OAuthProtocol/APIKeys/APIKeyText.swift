/// An API key as people and programs hold it: `gh_live_` + 16 characters of key id + 43 of secret + 6 of checksum.
///
/// Letters and digits only, so that a double click selects all of it and a secret scanner finds it by
/// `gh_(live|test|pub)_[0-9A-Za-z]{65}`. The checksum tells a mistyped or truncated key without asking anybody.
package struct APIKeyText: Sendable, CustomStringConvertible, CustomReflectable {
    package enum Kind: String, Sendable, CaseIterable {
        /// For production.
        case live
        /// For trying things out; services can tell.
        case test
        /// May be seen by anybody – it stands in web pages and applications – and so has smaller rights.
        case publishable = "pub"

        package var prefix: String { "gh_\(rawValue)_" }
    }

    /// Why a text is no API key. Nothing was looked up to find out.
    package enum Flaw: Error, Sendable, Equatable {
        /// Not of the form at all.
        case malformed
        /// Of the form, but mistyped or truncated.
        case checksum
    }

    package static let keyIDLength = 16
    /// 43 characters of 62 are 256 bits.
    package static let secretLength = 43
    package static let checksumLength = 6

    package let kind: Kind
    /// Names the key in lists and logs; not secret.
    package let keyID: String
    /// All of it: a secret.
    package let text: String

    /// Makes a key from unpredictable bytes.
    /// - Parameter next: gives one unpredictable byte at a time.
    package init(kind: Kind, next: () -> UInt8) {
        let keyID = Self.draw(Self.keyIDLength, next)
        let body = kind.prefix + keyID + Self.draw(Self.secretLength, next)
        self.kind = kind
        self.keyID = keyID
        text = body + Self.checksum(of: body)
    }

    /// Reads a presented key and checks its checksum.
    package init(parsing text: String) throws(Flaw) {
        guard let kind = Kind.allCases.first(where: { text.hasPrefix($0.prefix) }) else { throw .malformed }
        let rest = text.utf8.dropFirst(kind.prefix.utf8.count)
        guard rest.allSatisfy(Self.isDigit) else { throw .malformed }
        guard rest.count == Self.keyIDLength + Self.secretLength + Self.checksumLength else { throw .checksum }
        let body = String(text.dropLast(Self.checksumLength))
        guard ConstantTime.equal(Array(Self.checksum(of: body).utf8), Array(text.utf8.suffix(Self.checksumLength))) else { throw .checksum }
        self.kind = kind
        self.keyID = String(Substring(rest.prefix(Self.keyIDLength)))
        self.text = text
    }

    /// Whether a text claims to be one of our keys, right or wrong.
    package static func isClaimed(by text: String) -> Bool {
        Kind.allCases.contains { text.hasPrefix($0.prefix) }
    }

    package var description: String { "APIKeyText(\(keyID), …)" }

    package var customMirror: Mirror { Mirror(self, children: []) }

    // MARK: Digits and checksum

    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    /// Every digit equally likely: bytes from 248 on, which would favour the first digits, are drawn again.
    private static func draw(_ count: Int, _ next: () -> UInt8) -> String {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let byte = next()
            if byte < 248 { bytes.append(digits[Int(byte % 62)]) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// CRC-32 (ISO-HDLC) of the text before it, in six digits of base 62.
    package static func checksum(of body: String) -> String {
        var crc = UInt32.max
        for byte in body.utf8 {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        var value = ~crc
        var bytes = [UInt8](repeating: digits[0], count: checksumLength)
        for index in bytes.indices.reversed() {
            bytes[index] = digits[Int(value % 62)]
            value /= 62
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
