import CLibpq

/// The answer to one statement; rows stay in libpq's memory until they are decoded.
///
/// Unchecked: a PGresult is never written to after PQgetResult has returned it, and this object alone frees it.
final class PostgresResult: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int

    /// Takes ownership.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
    }

    deinit { PQclear(pointer) }

    /// The number in the command tag (`INSERT 0 3`), zero when it has none.
    var affectedRowCount: Int {
        guard let text = PQcmdTuples(pointer) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    func row(_ index: Int) -> PostgresRow { PostgresRow(result: self, index: Int32(index)) }
}
