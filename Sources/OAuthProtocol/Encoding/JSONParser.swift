/// A recursive reader of RFC 8259; its recursion is bounded by `depthMax`.
struct JSONParser {
    private let bytes: [UInt8]
    private let depthMax: Int
    private var position = 0

    static func parse(_ bytes: [UInt8], bytesMax: Int, depthMax: Int) throws(JSONError) -> JSONValue {
        var parser = try JSONParser(bytes, bytesMax: bytesMax, depthMax: depthMax)
        let value = try parser.value(depth: 0)
        try parser.end()
        return value
    }

    /// The members of a text that must be an object, in their order; no two have one name.
    static func members(_ bytes: [UInt8], bytesMax: Int, depthMax: Int) throws(JSONError) -> [JSONMembers.Entry] {
        var parser = try JSONParser(bytes, bytesMax: bytesMax, depthMax: depthMax)
        guard parser.current == UInt8(ascii: "{") else { throw .malformed(at: parser.position) }
        var members: [JSONMembers.Entry] = []
        try parser.members(depth: 1) { name, value throws(JSONError) in members.append((name, value)) }
        try parser.end()
        return members
    }

    private init(_ bytes: [UInt8], bytesMax: Int, depthMax: Int) throws(JSONError) {
        guard bytes.count <= bytesMax else { throw .tooLarge }
        // Checked once for the whole text: afterwards every slice between ASCII delimiters is valid as well.
        guard Self.isUTF8(bytes) else { throw .notUTF8 }
        self.bytes = bytes
        self.depthMax = depthMax
        skipWhitespace()
    }

    private mutating func end() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw .malformed(at: position) }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes(JSONText.isASCII) || String(validating: bytes, as: UTF8.self) != nil
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw .malformed(at: position) }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        var object: [String: JSONValue] = [:]
        try members(depth: depth) { name, value throws(JSONError) in
            guard object.updateValue(value, forKey: name) == nil else { throw .duplicateMember }
        }
        return .object(object)
    }

    private mutating func members(depth: Int, _ body: (String, JSONValue) throws(JSONError) -> Void) throws(JSONError) {
        guard depth <= depthMax else { throw .tooDeep }
        position += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return }
        while true {
            skipWhitespace()
            guard current == UInt8(ascii: "\"") else { throw .malformed(at: position) }
            let name = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw .malformed(at: position) }
            skipWhitespace()
            try body(name, try value(depth: depth))
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return }
            guard take(UInt8(ascii: ",")) else { throw .malformed(at: position) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= depthMax else { throw .tooDeep }
        position += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            skipWhitespace()
            elements.append(try value(depth: depth))
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw .malformed(at: position) }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlain()
        guard current == UInt8(ascii: "\"") else { return try escapedString(from: start) }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Goes on to what ends a string, or interrupts it.
    private mutating func skipPlain() {
        position = bytes.withUnsafeBytes { bytes in
            var position = position
            while position + 8 <= bytes.count,
                !JSONText.mayNeedEscape(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            {
                position += 8
            }
            while position < bytes.count, !JSONText.needsEscape(bytes[position]) { position += 1 }
            return position
        }
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        // Room for as much again: where there is one escape, there are more.
        text.reserveCapacity((position - start) * 2 + 256)
        text.append(contentsOf: bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                try appendEscape(to: &text)
            default:
                let plain = position
                skipPlain()
                guard position > plain else { throw .malformed(at: position) }
                text.append(contentsOf: bytes[plain..<position])
            }
        }
        throw .malformed(at: position)
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw .malformed(at: position) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
        default: throw .malformed(at: position - 1)
        }
    }

    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        var code = try hexQuad()
        if (0xD800..<0xDC00).contains(code) {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .forbiddenCharacter }
            let low = try hexQuad()
            guard (0xDC00..<0xE000).contains(low) else { throw .forbiddenCharacter }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0, let scalar = Unicode.Scalar(code) else { throw .forbiddenCharacter }
        return scalar
    }

    private mutating func hexQuad() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current.flatMap(FormEncoding.hexValue) else { throw .malformed(at: position) }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    /// `[ minus ] int [ frac ] [ exp ]` (RFC 8259 §6).
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw .numberOutOfRange }
        return .double(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw .malformed(at: position) }
    }
}
