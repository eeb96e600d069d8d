import FoundationEssentials
import Postgres
import TestKit
import Testing

@Suite("Rows and values")
struct RowTests {
    private static let date = Date(timeIntervalSince1970: 1_767_225_600.123456)

    @Test("every type comes back as it was sent")
    func everyType() async throws {
        try await TestDatabase.withDatabase { database in
            let id = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255))
            try await database.first(
                "select $1, $2, $3, $4, $5, $6, $7, $8, $9",
                [
                    .text("käse 🧀"), .int(Int64.min), .bool(true), .bytes([0, 255, 10]), .uuid(id), .timestamp(Self.date),
                    .json(Array(#"{"a": "ü"}"#.utf8)), .texts(["", "a,b", "\"{}", "ü"]), .double(-1.5e300),
                ]
            ) { row throws in
                #expect(try row.text(0) == "käse 🧀")
                #expect(try row.int(1) == Int.min)
                #expect(try row.bool(2))
                #expect(try row.bytes(3) == [0, 255, 10])
                #expect(try row.uuid(4) == id)
                #expect(abs(try row.date(5).timeIntervalSince(Self.date)) < 0.000_001)
                #expect(try row.json(6) == Array(#"{"a": "ü"}"#.utf8))
                #expect(try row.texts(7) == ["", "a,b", "\"{}", "ü"])
                #expect(try row.double(8) == -1.5e300)
                #expect(row.count == 9)
            }
        }
    }

    @Test("empty values are not NULL")
    func emptyValues() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.first("select $1, $2, $3", [.text(""), .bytes([]), .texts([])]) { row throws in
                #expect(try row.text(0) == "")
                #expect(try row.bytes(1) == [])
                #expect(try row.texts(2) == [])
                #expect(!row.isNull(0))
            }
        }
    }

    @Test("a NULL of every type is nil, and keeps the statement's types")
    func nulls() async throws {
        try await TestDatabase.withDatabase { database in
            let sql = "select $1, $2, $3, $4, $5, $6, $7, $8, $9, null::text = $10::text"
            let nothing: [PostgresValue] = [
                .optionalText(nil), .optionalInt(nil), .optionalBool(nil), .optionalBytes(nil), .optionalUUID(nil), .optionalTimestamp(nil),
                .optionalJSON(nil), .optionalTexts(nil), .optionalDouble(nil), .null,
            ]
            try await database.first(sql, nothing) { row throws in
                #expect(try row.optionalText(0) == nil)
                #expect(try row.optionalInt(1) == nil)
                #expect(try row.optionalBool(2) == nil)
                #expect(try row.optionalBytes(3) == nil)
                #expect(try row.optionalUUID(4) == nil)
                #expect(try row.optionalDate(5) == nil)
                #expect(try row.optionalJSON(6) == nil)
                #expect(try row.optionalTexts(7) == nil)
                #expect(try row.optionalDouble(8) == nil)
            }
        }
    }

    @Test("large values survive")
    func largeValues() async throws {
        try await TestDatabase.withDatabase { database in
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let text = String(repeating: "0123456789é", count: 100_000)
            try await database.first("select $1, $2, length($1)", [.bytes(bytes), .text(text)]) { row throws in
                #expect(try row.bytes(0) == bytes)
                #expect(try row.text(1) == text)
                #expect(try row.int(2) == bytes.count)
            }
        }
    }

    @Test("every width of integer is an Int, every textual type a String")
    func widths() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.first(
                "select 1::int2, -2::int4, 3::int8, 4::oid, 'a'::varchar, 'b'::name, 'c'::char(2), 1.5::float4, '[1]'::json"
            ) { row throws in
                let integers = try (0..<4).map { try row.int($0) }
                #expect(integers == [1, -2, 3, 4])
                let texts = try (4..<7).map { try row.text($0) }
                #expect(texts == ["a", "b", "c "])
                #expect(try row.double(7) == 1.5)
                #expect(try row.json(8) == Array("[1]".utf8))
            }
        }
    }

    @Test(
        "instants before 1970, in the far future and on whole seconds are exact", arguments: [-5_000_000_000.5, 0, 253_402_300_799, 1.25])
    func instants(seconds: Double) async throws {
        try await TestDatabase.withDatabase { database in
            let date = Date(timeIntervalSince1970: seconds)
            let back = try await database.first("select $1, extract(epoch from $1)::float8", [.timestamp(date)]) {
                (try $0.date(0), try $0.double(1))
            }
            #expect(back?.0 == date)
            #expect(back?.1 == seconds)
        }
    }

    @Test("the wrong type, a NULL, a missing column and an infinite instant are named in the error")
    func decodingErrors() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.first("select 1.5::numeric as price, null::text as nick, 'infinity'::timestamptz, array['a', null]") {
                row throws in
                #expect(throws: PostgresError(.decoding("column 0 (price) asked for as text is numeric"))) { try row.text(0) }
                #expect(throws: PostgresError(.decoding("column 1 (nick) asked for as int is text"))) { try row.int(1) }
                #expect(throws: PostgresError(.decoding("column 1 (nick) asked for as text is NULL"))) { try row.text(1) }
                #expect(throws: PostgresError(.decoding("column 9 of 4 asked for as bool"))) { try row.bool(9) }
                #expect(throws: PostgresError(.decoding("column -1 of 4 asked for as bool"))) { try row.bool(-1) }
                #expect(throws: PostgresError.self) { try row.date(2) }
                #expect(throws: PostgresError.self) { try row.texts(3) }
                for column in 0..<4 { #expect(throws: PostgresError.self) { try row.uuid(column) } }
            }
        }
    }

    @Test("text that holds a NUL is refused by the server, an instant out of range before it is sent")
    func refusedValues() async throws {
        try await TestDatabase.withDatabase { database in
            let refusal = await #expect(throws: PostgresError.self) { try await database.execute("select $1", [.text("a\0b")]) }
            #expect(refusal?.sqlState == "22021")
            let range = await #expect(throws: PostgresError.self) {
                try await database.execute("select $1", [.timestamp(Date(timeIntervalSince1970: 1e300))])
            }
            #expect(range == PostgresError(.encoding("an instant out of PostgreSQL's range")))
            let answer = try await database.first("select 1") { try $0.int(0) }
            #expect(answer == 1)
        }
    }
}
