/// One pass over a form or query: where names and values lie, and whether every byte of them may be there.
enum ParameterIndex {
    static func build(_ bytes: [UInt8], countMax: Int) throws(OAuthError) -> [Parameters.Entry] {
        var entries: [Parameters.Entry] = []
        var part = Part()
        // The index one past the end stands for a last `&`.
        for index in 0...bytes.count {
            let byte = index < bytes.count ? bytes[index] : UInt8(ascii: "&")
            switch byte {
            case UInt8(ascii: "&"):
                if let entry = part.finish(at: index) {
                    guard entries.count < countMax else { throw .invalidRequest("The request has too many parameters.") }
                    if part.hasHighBytes { try checkUTF8(entry, of: bytes) }
                    entries.append(entry)
                }
                part = Part(start: index + 1)
            case UInt8(ascii: "="):
                if part.equals == nil { part.equals = index }
            case UInt8(ascii: "+"):
                part.markEscape()
            case UInt8(ascii: "%"):
                part.markEscape()
                guard index + 2 < bytes.count, let high = FormEncoding.hexValue(bytes[index + 1]),
                    let low = FormEncoding.hexValue(bytes[index + 2])
                else { throw .invalidRequest("The parameters hold a broken percent-escape.") }
                guard high | low != 0 else { throw nul }
                if high >= 8 { part.hasHighBytes = true }
            case 0:
                throw nul
            default:
                if byte >= 0x80 { part.hasHighBytes = true }
            }
        }
        return entries
    }

    private static var nul: OAuthError { .invalidRequest("The parameters hold a NUL character.") }

    private static func checkUTF8(_ entry: Parameters.Entry, of bytes: [UInt8]) throws(OAuthError) {
        for range in [entry.name, entry.value] {
            guard let decoded = FormEncoding.decode(bytes[range]), String(validating: decoded, as: UTF8.self) != nil else {
                throw .invalidRequest("The parameters are not valid UTF-8.")
            }
        }
    }

    /// The pair that the pass is in.
    private struct Part {
        var start = 0
        var equals: Int?
        var isNameEscaped = false
        var isValueEscaped = false
        var hasHighBytes = false

        mutating func markEscape() {
            if equals == nil { isNameEscaped = true } else { isValueEscaped = true }
        }

        /// - Returns: nil for an empty piece, as in `a=1&&b=2`.
        func finish(at end: Int) -> Parameters.Entry? {
            guard end > start else { return nil }
            let nameEnd = equals ?? end
            return Parameters.Entry(
                name: start..<nameEnd, value: min(nameEnd + 1, end)..<end, isNameEscaped: isNameEscaped, isValueEscaped: isValueEscaped)
        }
    }
}
