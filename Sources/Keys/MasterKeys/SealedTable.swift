/// A table with columns that are sealed under a master key: what re-encryption and backups know of it. Each wing declares its own as
/// a static member, and `GatehouseServer` lists them all; a test compares that list with the columns of the database.
package struct SealedTable: Sendable, Hashable {
    /// How the row is named in what binds a sealed value to its place.
    package enum RowName: String, Sendable {
        /// The key as it is.
        case text
        /// A uuid as `UUID.uuidString` spells it: upper case.
        case uuid
    }

    package let name: String
    /// Of type bytea; null where nothing is stored.
    package let columns: [String]
    /// The column of the primary key.
    package let row: String
    package let rowName: RowName

    package init(_ name: String, columns: [String], row: String, rowName: RowName = .text) {
        self.name = name
        self.columns = columns
        self.row = row
        self.rowName = rowName
    }

    /// What `MasterKeys.seal` was told as `row`.
    /// - Parameter key: the primary key as the database writes it.
    func boundName(of key: String) -> String {
        switch rowName {
        case .text: key
        case .uuid: key.uppercased()
        }
    }
}
