/// One parameter of a query, in the spelling that RFC 9421 §2.2.8 signs.
enum QueryParameter {
    private static let countMax = 256

    /// - Parameter name: as it stands in the component identifier: percent-encoded by the same rules as the value.
    /// - Returns: the value encoded anew; nil where no parameter has the name, more than one has it, or an escape is broken.
    static func find(_ name: String, in query: String) -> [UInt8]? {
        var found: [UInt8]?
        var count = 0
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            count += 1
            guard count <= countMax else { return nil }
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            guard let pairName = recode(pair[..<(equals ?? pair.endIndex)]) else { return nil }
            guard pairName.elementsEqual(name.utf8) else { continue }
            // Of two, §2.2.8 lets neither be covered: readers differ on which one counts.
            guard found == nil, let value = recode(equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...]) else {
                return nil
            }
            found = value
        }
        return found
    }

    /// Decoded as a form, then percent-encoded with the set of forms, but with `%20` for the space.
    private static func recode(_ bytes: Substring.UTF8View) -> [UInt8]? {
        guard let decoded = FormEncoding.decode(bytes), String(validating: decoded, as: UTF8.self) != nil else { return nil }
        let digits: StaticString = "0123456789ABCDEF"
        var output: [UInt8] = []
        output.reserveCapacity(decoded.count)
        for byte in decoded {
            if byte == UInt8(ascii: "*") || (byte != UInt8(ascii: "~") && FormEncoding.isUnreserved(byte)) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digits.utf8Start[Int(byte >> 4)])
                output.append(digits.utf8Start[Int(byte & 15)])
            }
        }
        return output
    }
}
