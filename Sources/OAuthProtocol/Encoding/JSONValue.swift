/// A JSON text (RFC 8259), read strictly.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits 64 bits.
    case int(Int64)
    /// Any other finite number.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads one JSON text. Unlike Foundation's reader it refuses duplicate member names, on which two readers of one signed
    /// document could disagree (RFC 8259 §4), and `\u0000`, which PostgreSQL can't store.
    /// - Throws: `JSONError` for anything but one valid text within the limits.
    package init(parsing bytes: some Sequence<UInt8>, bytesMax: Int = 65_536, depthMax: Int = 16) throws(JSONError) {
        self = try JSONParser.parse(Array(bytes), bytesMax: bytesMax, depthMax: depthMax)
    }

    /// The text without whitespace, member names sorted, so that equal values have equal bytes.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// A member of an object; nil for other values and absent members.
    package subscript(_ name: String) -> JSONValue? {
        object?[name]
    }

    /// An element of an array; nil for other values and positions outside.
    package subscript(_ index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    package var isNull: Bool { self == .null }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// An integer, also one spelled `1.0` or `1e3`; nil beyond 2^53 in such a spelling.
    package var int: Int? {
        switch self {
        case .int(let value): Int(value)
        case .double(let value): value.magnitude <= 9_007_199_254_740_992 ? Int(exactly: value) : nil
        default: nil
        }
    }

    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    package var object: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The elements of an array that holds nothing but strings.
    package var strings: [String]? {
        guard let array else { return nil }
        var texts: [String] = []
        texts.reserveCapacity(array.count)
        for element in array {
            guard case .string(let text) = element else { return nil }
            texts.append(text)
        }
        return texts
    }
}

// No `nil` for null: beside optionals it would read as absent.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension JSONValue {
    package static func strings(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map { .string($0) }) }
}
