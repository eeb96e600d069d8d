/// The object identifiers of the built-in types that we speak (PostgreSQL's pg_type.dat; they never change).
enum PostgresType {
    static let unspecified: UInt32 = 0
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let char: UInt32 = 18
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let byteaArray: UInt32 = 1001
    static let nameArray: UInt32 = 1003
    static let textArray: UInt32 = 1009
    static let varcharArray: UInt32 = 1015
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let timestamptz: UInt32 = 1184
    static let timestamptzArray: UInt32 = 1185
    static let uuid: UInt32 = 2950
    static let uuidArray: UInt32 = 2951
    static let jsonb: UInt32 = 3802

    /// A readable name for error messages.
    static func name(of oid: UInt32) -> String {
        switch oid {
        case bool: "bool"
        case bytea: "bytea"
        case char: "\"char\""
        case name: "name"
        case int8: "int8"
        case int2: "int2"
        case int4: "int4"
        case text: "text"
        case self.oid: "oid"
        case json: "json"
        case float4: "float4"
        case float8: "float8"
        case textArray: "text[]"
        case varcharArray: "varchar[]"
        case bpchar: "char(n)"
        case varchar: "varchar"
        case timestamptz: "timestamptz"
        case 1114: "timestamp without time zone"
        case 1082: "date"
        case 1700: "numeric"
        case 869: "inet"
        case uuid: "uuid"
        case uuidArray: "uuid[]"
        case jsonb: "jsonb"
        default: "type \(oid)"
        }
    }
}
