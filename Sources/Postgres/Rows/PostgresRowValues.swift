import FoundationEssentials

extension PostgresRow {
    /// text, varchar, name, char(n).
    package func text(_ column: Int) throws -> String { try require(column, "text", optionalText(column)) }
    package func optionalText(_ column: Int) throws -> String? {
        try field(column, "text", isOneOf: Self.isText).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// int2, int4, int8, oid.
    package func int(_ column: Int) throws -> Int { try require(column, "int", optionalInt(column)) }
    package func optionalInt(_ column: Int) throws -> Int? {
        guard let field = try field(column, "int", isOneOf: Self.isInteger) else { return nil }
        let value: Int? =
            switch field.type {
            case PostgresType.int8: field.integer(Int64.self).map { Int($0) }
            case PostgresType.int4: field.integer(Int32.self).map { Int($0) }
            case PostgresType.oid: field.integer(UInt32.self).map { Int($0) }
            default: field.integer(Int16.self).map { Int($0) }
            }
        guard let value else { throw mismatch(column, "int", "has \(field.bytes.count) bytes") }
        return value
    }

    package func bool(_ column: Int) throws -> Bool { try require(column, "bool", optionalBool(column)) }
    package func optionalBool(_ column: Int) throws -> Bool? {
        guard let field = try field(column, "bool", isOneOf: { $0 == PostgresType.bool }) else { return nil }
        return field.bytes.first != 0
    }

    /// bytea.
    package func bytes(_ column: Int) throws -> [UInt8] { try require(column, "bytes", optionalBytes(column)) }
    package func optionalBytes(_ column: Int) throws -> [UInt8]? {
        try field(column, "bytes", isOneOf: { $0 == PostgresType.bytea }).map { Array($0.bytes) }
    }

    package func uuid(_ column: Int) throws -> UUID { try require(column, "uuid", optionalUUID(column)) }
    package func optionalUUID(_ column: Int) throws -> UUID? {
        guard let field = try field(column, "uuid", isOneOf: { $0 == PostgresType.uuid }) else { return nil }
        guard field.bytes.count == 16 else { throw mismatch(column, "uuid", "has \(field.bytes.count) bytes") }
        return UUID(uuid: field.bytes.loadUnaligned(as: uuid_t.self))
    }

    /// timestamptz; ±infinity is refused.
    package func date(_ column: Int) throws -> Date { try require(column, "date", optionalDate(column)) }
    package func optionalDate(_ column: Int) throws -> Date? {
        guard let field = try field(column, "date", isOneOf: { $0 == PostgresType.timestamptz }) else { return nil }
        guard let date = field.integer(Int64.self).flatMap(PostgresInstant.date(microseconds:)) else {
            throw mismatch(column, "date", "is infinite")
        }
        return date
    }

    /// text[], varchar[], name[]; one dimension, no NULL in it.
    package func texts(_ column: Int) throws -> [String] { try require(column, "texts", optionalTexts(column)) }
    package func optionalTexts(_ column: Int) throws -> [String]? {
        guard let field = try field(column, "texts", isOneOf: Self.isTextArray) else { return nil }
        guard let texts = Self.elements(field.bytes) else {
            throw mismatch(column, "texts", "holds a NULL or has more than one dimension")
        }
        return texts
    }

    /// json or jsonb, as UTF-8 text.
    package func json(_ column: Int) throws -> [UInt8] { try require(column, "json", optionalJSON(column)) }
    package func optionalJSON(_ column: Int) throws -> [UInt8]? {
        let isJSON: (UInt32) -> Bool = { $0 == PostgresType.jsonb || $0 == PostgresType.json }
        guard let field = try field(column, "json", isOneOf: isJSON) else { return nil }
        if field.type == PostgresType.json { return Array(field.bytes) }
        guard field.bytes.first == 1 else { throw mismatch(column, "json", "is of an unknown jsonb version") }
        return Array(field.bytes.dropFirst())
    }

    /// float4, float8.
    package func double(_ column: Int) throws -> Double { try require(column, "double", optionalDouble(column)) }
    package func optionalDouble(_ column: Int) throws -> Double? {
        let isFloat: (UInt32) -> Bool = { $0 == PostgresType.float8 || $0 == PostgresType.float4 }
        guard let field = try field(column, "double", isOneOf: isFloat) else { return nil }
        let value: Double? =
            field.type == PostgresType.float8
            ? field.integer(UInt64.self).map(Double.init(bitPattern:))
            : field.integer(UInt32.self).map { Double(Float(bitPattern: $0)) }
        return try require(column, "double", value)
    }

    private static func isText(_ type: UInt32) -> Bool {
        switch type {
        case PostgresType.text, PostgresType.varchar, PostgresType.name, PostgresType.bpchar, PostgresType.char, PostgresType.unknown: true
        default: false
        }
    }

    private static func isInteger(_ type: UInt32) -> Bool {
        switch type {
        case PostgresType.int8, PostgresType.int4, PostgresType.int2, PostgresType.oid: true
        default: false
        }
    }

    private static func isTextArray(_ type: UInt32) -> Bool {
        type == PostgresType.textArray || type == PostgresType.varcharArray || type == PostgresType.nameArray
    }

    /// Reads PostgreSQL's binary array; nil when it isn't a plain list.
    private static func elements(_ bytes: UnsafeRawBufferPointer) -> [String]? {
        var offset = 0
        func next() -> Int? {
            guard offset + 4 <= bytes.count else { return nil }
            defer { offset += 4 }
            return Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
        }
        guard let dimensions = next(), next() != nil, next() != nil else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = next(), next() != nil, count >= 0, count <= bytes.count / 4 else { return nil }
        var elements: [String] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            guard let length = next(), length >= 0, offset + length <= bytes.count else { return nil }
            elements.append(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]), as: UTF8.self))
            offset += length
        }
        return elements
    }
}
