/// Why master keys could not be read, or sealed bytes not be opened. Names keys by their id only.
package enum MasterKeyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text of the setting is not `id:base64(32 bytes)`, separated by commas; `position` counts from 1.
    case malformed(position: Int, reason: String)
    /// Two master keys carry one id.
    case duplicate(keyID: String)
    /// Sealed under a master key that this server was not given.
    case unknownKey(keyID: String)
    /// The sealed bytes are cut short, altered, of an unknown version, or were moved from another row.
    case unreadable(table: String, column: String, row: String)

    package var description: String {
        switch self {
        case .malformed(let position, let reason): "master key \(position): \(reason)"
        case .duplicate(let keyID): "master key \"\(keyID)\" is given twice"
        case .unknownKey(let keyID): "master key \"\(keyID)\" is needed and was not given"
        case .unreadable(let table, let column, let row):
            "\(table).\(column) of row \(row) can't be decrypted: it was altered, or the master key of this id is another one"
        }
    }
}
