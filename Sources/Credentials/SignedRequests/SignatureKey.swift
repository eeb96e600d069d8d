import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// A key that signs requests, under one `keyid` for all its life: when it is rotated the id stays, and what stood behind it before
/// works on for a while.
package struct SignatureKey: Sendable {
    package var credential: Credential
    package let algorithm: MessageSignatureAlgorithm
    package var rotatedAt: Date?
    /// Until when what was replaced still works.
    package var previousUntil: Date?
    /// Nil once it is revoked.
    let current: MessageVerificationKey?
    let previous: MessageVerificationKey?

    package var id: String { credential.id }

    /// What `keyid` stands for at present: one, two after a rotation, none once it is revoked.
    func keys(now: Date) -> [MessageVerificationKey] {
        guard let current else { return [] }
        guard let previous, let previousUntil, now < previousUntil else { return [current] }
        return [current, previous]
    }
}

extension SealedTable {
    package static let signatureKeys = SealedTable(
        SignatureKeyRow.table, columns: SignatureKeyRow.Column.allCases.map(\.rawValue), row: "key_id")
}

extension SignatureKey {
    /// - Throws: `MasterKeyError` when it was altered, moved from another row, or sealed under a master key that this server hasn't got.
    init(opening row: SignatureKeyRow, masterKeys: MasterKeys) throws {
        func open(_ sealed: [UInt8]?, _ column: SignatureKeyRow.Column) throws -> MessageVerificationKey? {
            try sealed.map { try row.open($0, column, masterKeys: masterKeys).key }
        }
        self.init(
            credential: row.credential, algorithm: row.algorithm, rotatedAt: row.rotatedAt, previousUntil: row.previousUntil,
            current: try open(row.material, .material), previous: try open(row.previousMaterial, .previousMaterial))
    }
}

/// A signature key as it is stored: what it checks with sealed under a master key, bound to its row and column.
struct SignatureKeyRow: Sendable {
    enum Column: String, CaseIterable {
        case material
        case previousMaterial = "previous_material"
    }

    static let table = "signature_keys"

    var credential: Credential
    let algorithm: MessageSignatureAlgorithm
    var material: [UInt8]?
    var previousMaterial: [UInt8]?
    var previousUntil: Date?
    var rotatedAt: Date?

    func open(_ sealed: [UInt8], _ column: Column, masterKeys: MasterKeys) throws -> SignatureKeyMaterial {
        try SignatureKeyMaterial(
            algorithm, bytes: try masterKeys.open(sealed, table: Self.table, column: column.rawValue, row: credential.id))
    }

    static func seal(
        _ material: SignatureKeyMaterial, _ column: Column, keyID: String, masterKeys: MasterKeys, randomness: any Randomness
    ) throws -> [UInt8] {
        try masterKeys.seal(material.bytes, table: table, column: column.rawValue, row: keyID, randomness: randomness)
    }
}
