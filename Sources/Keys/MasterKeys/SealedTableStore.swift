import Postgres

/// The sealed columns of one table. Every method throws `PostgresError`.
struct SealedTableStore: Sendable {
    struct Row: Sendable {
        /// The primary key as text.
        let key: String
        /// In the order of the columns.
        var values: [[UInt8]?]
    }

    private let table: SealedTable
    private let database: any Queryable

    init(_ table: SealedTable, _ database: any Queryable) {
        self.table = table
        self.database = database
    }

    /// False where the database is older than the table.
    func isPresent() async throws -> Bool {
        let columns = try await database.all(
            "select column_name::text from information_schema.columns where table_schema = current_schema() and table_name = $1",
            [.text(table.name)]
        ) { try $0.text(0) }
        return table.columns.allSatisfy(columns.contains)
    }

    /// How many values are sealed under which master key; nil: what can be none of ours.
    func countValues() async throws -> [(keyID: String?, count: Int)] {
        let parts = table.columns.map { column in
            // version ‖ length of the key id ‖ key id ‖ …; each step is judged only when the one before holds.
            """
            select case when octet_length("\(column)") < 2 then null when get_byte("\(column)", 0) <> 1 then null
                else encode(substring("\(column)" from 3 for get_byte("\(column)", 1)), 'escape') end as key_id
            from "\(table.name)" where "\(column)" is not null
            """
        }
        return try await database.all(
            "select key_id, count(*) from (\(parts.joined(separator: " union all "))) as used group by key_id order by key_id"
        ) { (try $0.optionalText(0), try $0.int(1)) }
    }

    /// Before rows are locked: whoever locks the whole table to change its rows would wait for them, and they for the table.
    func lockTable() async throws {
        try await database.execute("lock table \"\(table.name)\" in row exclusive mode")
    }

    /// How many rows hold something that begins otherwise.
    func countRows(notSealedWith header: [UInt8]) async throws -> Int {
        try await database.first("select count(*) from \"\(table.name)\" where \(isOtherwise)", [.bytes(header)]) { try $0.int(0) } ?? 0
    }

    /// The rows that hold something that begins otherwise, in the order of their keys, locked until the transaction ends.
    /// - Parameters:
    ///   - after: the last key of the page before.
    ///   - isPatient: waits for rows that others have locked, instead of passing over them.
    func lockRows(notSealedWith header: [UInt8], after: String?, countMax: Int, isPatient: Bool) async throws -> [Row] {
        let next = after == nil ? "true" : "\"\(table.row)\" > $2::\(table.rowType.rawValue)"
        return try await database.all(
            """
            select "\(table.row)"::text, \(columnList) from "\(table.name)" where (\(isOtherwise)) and \(next)
            order by "\(table.row)" limit \(countMax) for update \(isPatient ? "" : "skip locked")
            """, [.bytes(header)] + (after.map { [.text($0)] } ?? []), decode)
    }

    /// All rows, page by page.
    func list(after: String?, countMax: Int) async throws -> [Row] {
        let next = after == nil ? "true" : "\"\(table.row)\" > $1::\(table.rowType.rawValue)"
        return try await database.all(
            "select \"\(table.row)\"::text, \(columnList) from \"\(table.name)\" where \(next) order by \"\(table.row)\" limit \(countMax)",
            after.map { [.text($0)] } ?? [], decode)
    }

    func update(_ row: Row) async throws {
        let columns = table.columns.enumerated().map { index, column in "\"\(column)\" = $\(index + 2)" }
        try await database.execute(
            "update \"\(table.name)\" set \(columns.joined(separator: ", ")) where \"\(table.row)\" = $1::\(table.rowType.rawValue)",
            [.text(row.key)] + row.values.map { .optionalBytes($0) })
    }

    private var columnList: String { table.columns.map { "\"\($0)\"" }.joined(separator: ", ") }

    private var isOtherwise: String {
        table.columns.map { "substring(\"\($0)\" from 1 for octet_length($1)) <> $1" }.joined(separator: " or ")
    }

    private func decode(_ row: PostgresRow) throws -> Row {
        Row(key: try row.text(0), values: try table.columns.indices.map { try row.optionalBytes($0 + 1) })
    }
}
