import FoundationEssentials

/// One parameter of a statement, with the type that it is declared as.
///
/// A nil optional keeps its type (`typedNull`), so that one prepared statement serves both; plain `null` lets the server infer it.
package enum PostgresValue: Sendable, Equatable {
    case null
    /// text; cast in SQL (`$1::inet`) for types of textual form.
    case text(String)
    /// int8; a function that takes int4 needs a cast in SQL (`$1::int`).
    case int(Int64)
    /// bool
    case bool(Bool)
    /// bytea
    case bytes([UInt8])
    /// uuid
    case uuid(UUID)
    /// timestamptz, to the microsecond
    case timestamp(Date)
    /// jsonb, as UTF-8 text
    case json([UInt8])
    /// text[]
    case texts([String])
    /// float8
    case double(Double)
    /// bytea[]
    case byteStrings([[UInt8]])
    /// uuid[]
    case uuids([UUID])
    /// timestamptz[], to the microsecond
    case timestamps([Date])
    /// NULL of a declared type.
    case typedNull(PostgresNullType)
}

/// The types a NULL may be declared as.
package enum PostgresNullType: Sendable, Equatable {
    case text, int, bool, bytes, uuid, timestamp, json, texts, double
}

extension PostgresValue {
    package static func int(_ value: Int) -> PostgresValue { .int(Int64(value)) }

    package static func optionalText(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .typedNull(.text) }
    package static func optionalInt(_ value: Int?) -> PostgresValue { value.map { .int(Int64($0)) } ?? .typedNull(.int) }
    package static func optionalBool(_ value: Bool?) -> PostgresValue { value.map { .bool($0) } ?? .typedNull(.bool) }
    package static func optionalBytes(_ value: [UInt8]?) -> PostgresValue { value.map { .bytes($0) } ?? .typedNull(.bytes) }
    package static func optionalUUID(_ value: UUID?) -> PostgresValue { value.map { .uuid($0) } ?? .typedNull(.uuid) }
    package static func optionalTimestamp(_ value: Date?) -> PostgresValue { value.map { .timestamp($0) } ?? .typedNull(.timestamp) }
    package static func optionalJSON(_ value: [UInt8]?) -> PostgresValue { value.map { .json($0) } ?? .typedNull(.json) }
    package static func optionalTexts(_ value: [String]?) -> PostgresValue { value.map { .texts($0) } ?? .typedNull(.texts) }
    package static func optionalDouble(_ value: Double?) -> PostgresValue { value.map { .double($0) } ?? .typedNull(.double) }

    /// The type that the statement is prepared with.
    var oid: UInt32 {
        switch self {
        case .null: PostgresType.unspecified
        case .text, .typedNull(.text): PostgresType.text
        case .int, .typedNull(.int): PostgresType.int8
        case .bool, .typedNull(.bool): PostgresType.bool
        case .bytes, .typedNull(.bytes): PostgresType.bytea
        case .uuid, .typedNull(.uuid): PostgresType.uuid
        case .timestamp, .typedNull(.timestamp): PostgresType.timestamptz
        case .json, .typedNull(.json): PostgresType.jsonb
        case .texts, .typedNull(.texts): PostgresType.textArray
        case .double, .typedNull(.double): PostgresType.float8
        case .byteStrings: PostgresType.byteaArray
        case .uuids: PostgresType.uuidArray
        case .timestamps: PostgresType.timestamptzArray
        }
    }
}
