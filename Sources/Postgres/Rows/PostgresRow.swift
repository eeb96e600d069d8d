import CLibpq
import FoundationEssentials

/// One row, read by position. Each accessor checks the column's type and throws `PostgresError.Kind.decoding` naming column and types.
package struct PostgresRow {
    let result: PostgresResult
    let index: Int32

    /// The number of columns.
    package var count: Int { Int(PQnfields(result.pointer)) }

    package func isNull(_ column: Int) -> Bool { PQgetisnull(result.pointer, index, Int32(clamping: column)) != 0 }

    /// The column's bytes when it is not NULL and of one of the `types`.
    func field(_ column: Int, _ wanted: String, isOneOf accepts: (UInt32) -> Bool) throws -> PostgresField? {
        guard column >= 0, column < count else {
            throw PostgresError(.decoding("column \(column) of \(count) asked for as \(wanted)"))
        }
        let position = Int32(column)
        let type = PQftype(result.pointer, position)
        guard accepts(type) else { throw mismatch(column, wanted, "is \(PostgresType.name(of: type))") }
        guard PQgetisnull(result.pointer, index, position) == 0 else { return nil }
        guard PQfformat(result.pointer, position) == 1 else { throw mismatch(column, wanted, "is not in binary format") }
        let length = Int(PQgetlength(result.pointer, index, position))
        return PostgresField(type: type, bytes: UnsafeRawBufferPointer(start: PQgetvalue(result.pointer, index, position), count: length))
    }

    func require<T>(_ column: Int, _ wanted: String, _ value: T?) throws -> T {
        guard let value else { throw mismatch(column, wanted, "is NULL") }
        return value
    }

    func mismatch(_ column: Int, _ wanted: String, _ found: String) -> PostgresError {
        let name = PQfname(result.pointer, Int32(clamping: column)).map { String(cString: $0) } ?? "?"
        return PostgresError(.decoding("column \(column) (\(name)) asked for as \(wanted) \(found)"))
    }
}

/// One non-NULL field: lent, valid while its row lives.
struct PostgresField {
    let type: UInt32
    let bytes: UnsafeRawBufferPointer

    func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        bytes.count == MemoryLayout<T>.size ? T(bigEndian: bytes.loadUnaligned(as: T.self)) : nil
    }
}
