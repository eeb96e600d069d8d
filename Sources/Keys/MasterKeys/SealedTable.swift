/// A table with columns that are sealed under a master key: what re-encryption and backups know of it. Each wing declares its own as
/// a static member, and `GatehouseServer` lists them all; a test compares that list with the columns of the database.
package struct SealedTable: Sendable, Hashable {
    /// The types that a primary key may have, as PostgreSQL calls them.
    package enum RowType: String, Sendable {
        case text, uuid
    }

    package let name: String
    /// Of type bytea; null where nothing is stored.
    package let columns: [String]
    /// The column of the primary key. What `MasterKeys.seal` is told as `row` is its value as PostgreSQL writes it: a uuid in lower case.
    package let row: String
    package let rowType: RowType

    package init(_ name: String, columns: [String], row: String, rowType: RowType = .text) {
        self.name = name
        self.columns = columns
        self.row = row
        self.rowType = rowType
    }
}
