/// A signing key as it is stored: its life, and its two halves sealed under a master key.
struct SigningKeyRow: Sendable {
    static let table = "signing_keys"

    var life: SigningKeyLife
    /// nil once it was erased.
    var sealedPrivateKey: [UInt8]?
    var sealedPublicKey: [UInt8]
}

extension SealedTable {
    package static let signingKeys = SealedTable(SigningKeyRow.table, columns: ["private_key", "public_key"], row: "key_id")
}
