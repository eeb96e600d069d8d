import Crypto
import FoundationEssentials
import Keys
import Runtime
import Testing

@Suite struct MasterKeysTests {
    private let randomness = SystemRandomness()
    private let a = "a:" + Data(repeating: 1, count: 32).base64EncodedString()
    private let b = "b:" + Data(repeating: 2, count: 32).base64EncodedString()

    @Test func `what is sealed opens at its place`() throws {
        let keys = try MasterKeys(parsing: a)
        for secret in [[], [7], Array("secret".utf8), [UInt8](repeating: 9, count: 5_000)] {
            let sealed = try keys.seal(secret, table: "t", column: "c", row: "r", randomness: randomness)
            #expect(try keys.open(sealed, table: "t", column: "c", row: "r") == secret)
        }
    }

    @Test(arguments: [("u", "c", "r"), ("t", "d", "r"), ("t", "c", "s"), ("tc", "", "r"), ("t", "cr", "")])
    func `what is sealed does not open at another place`(table: String, column: String, row: String) throws {
        let keys = try MasterKeys(parsing: a)
        let sealed = try keys.seal([1, 2, 3], table: "t", column: "c", row: "r", randomness: randomness)
        #expect(throws: MasterKeyError.unreadable(table: table, column: column, row: row)) {
            try keys.open(sealed, table: table, column: column, row: row)
        }
    }

    @Test func `no altered or shortened byte opens`() throws {
        let keys = try MasterKeys(parsing: a)
        let sealed = try keys.seal([1, 2, 3], table: "t", column: "c", row: "r", randomness: randomness)
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(throws: MasterKeyError.self) { try keys.open(altered, table: "t", column: "c", row: "r") }
            #expect(throws: MasterKeyError.self) { try keys.open(Array(sealed[..<index]), table: "t", column: "c", row: "r") }
        }
    }

    @Test func `the first key seals and all keys open`() throws {
        let old = try MasterKeys(parsing: a)
        let both = try MasterKeys(parsing: "\(b), \(a)\n")
        let sealed = try old.seal([5], table: "t", column: "c", row: "r", randomness: randomness)
        #expect(try both.open(sealed, table: "t", column: "c", row: "r") == [5])
        #expect(MasterKeys.keyID(of: sealed) == "a")
        let resealed = try both.seal([5], table: "t", column: "c", row: "r", randomness: randomness)
        #expect(MasterKeys.keyID(of: resealed) == "b")
        #expect(throws: MasterKeyError.unknownKey(keyID: "b")) { try old.open(resealed, table: "t", column: "c", row: "r") }
    }

    @Test func `another key of the same id does not open`() throws {
        let sealed = try MasterKeys(parsing: a).seal([5], table: "t", column: "c", row: "r", randomness: randomness)
        let other = try MasterKeys(parsing: "a:" + Data(repeating: 3, count: 32).base64EncodedString())
        #expect(throws: MasterKeyError.unreadable(table: "t", column: "c", row: "r")) {
            try other.open(sealed, table: "t", column: "c", row: "r")
        }
    }

    @Test(arguments: [
        "", "a", "a:", ":AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "a:AQEB", "a:!!!",
        "a b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "a:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,",
        "\(String(repeating: "x", count: 33)):AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    ])
    func `a malformed setting is refused without repeating the key`(text: String) {
        let error = #expect(throws: MasterKeyError.self) { try MasterKeys(parsing: text) }
        #expect(error.map { !"\($0)".contains("AQEB") } == true)
    }

    @Test func `an id given twice is refused`() {
        #expect(throws: MasterKeyError.duplicate(keyID: "a")) { try MasterKeys(parsing: "\(a),\(a)") }
    }

    @Test func `a generated key survives its text`() throws {
        let keys = MasterKeys.generate(randomness: randomness)
        let again = try MasterKeys(parsing: keys.text)
        let sealed = try keys.seal([1], table: "t", column: "c", row: "r", randomness: randomness)
        #expect(try again.open(sealed, table: "t", column: "c", row: "r") == [1])
    }

    @Test func `derived keys differ by label and master key and stay the same`() throws {
        let both = try MasterKeys(parsing: "\(b),\(a)")
        let csrf = both.derive(label: "csrf")
        #expect(csrf.keyID == "b")
        #expect(csrf.key == both.derive(label: "csrf").key)
        #expect(csrf.key != both.derive(label: "refresh").key)
        #expect(try both.derive(label: "csrf", keyID: "a").key == MasterKeys(parsing: a).derive(label: "csrf").key)
        #expect(try both.derive(label: "csrf", keyID: "a").key != csrf.key)
        #expect(throws: MasterKeyError.unknownKey(keyID: "z")) { try both.derive(label: "csrf", keyID: "z") }
    }

    @Test func `master keys do not print themselves`() throws {
        let keys = try MasterKeys(parsing: a)
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] { #expect(!text.contains("AQEB") && !text.contains("SymmetricKey")) }
    }
}
