/// A distinguished name (X.501) in a form in which names that mean the same are equal values.
///
/// RFC 8705 §2.1.2 registers a name as text (RFC 4514), whose spelling is free: attributes have several keywords, values may be
/// escaped, letter case and inner spaces don't count. Names are therefore taken apart and compared part by part
/// (caseIgnoreMatch, RFC 4518), in order and from one end to the other: a name that begins or ends alike is another name.
package struct DistinguishedName: Sendable, Hashable {
    package enum Value: Sendable, Hashable {
        /// In lower case, with single spaces and none at the ends.
        case text(String)
        /// A value that is no text: its ASN.1 tag and contents.
        case other([UInt8])
    }

    package struct Attribute: Sendable, Hashable {
        /// Dotted decimal: `2.5.4.3`.
        package let type: String
        package let value: Value

        package init(type: String, text: String) {
            self.type = type
            value = .text(DistinguishedName.normalised(text))
        }

        package init(type: String, other: [UInt8]) {
            self.type = type
            value = .other(other)
        }
    }

    /// In the order of the certificate, which is the reverse of the text's; what stands together in one is a set.
    package let relativeNames: [Set<Attribute>]

    package static let bytesMax = 4_096
    package static let relativeNamesMax = 64

    package init(relativeNames: [Set<Attribute>]) {
        self.relativeNames = relativeNames
    }

    package var isEmpty: Bool { relativeNames.isEmpty }

    /// Letter case and spaces are insignificant (RFC 4518 §2.2 and §2.6.1); canonically equivalent characters are equal anyway.
    static func normalised(_ text: String) -> String {
        text.lowercased().split(separator: " ").joined(separator: " ")
    }
}

// MARK: - As text

extension DistinguishedName {
    /// Reads a name as people write it: `CN=billing,OU=Services,O=Example` (RFC 4514 §3), spaces around the parts allowed.
    /// - Returns: nil where the text isn't one, is empty, or names an attribute that we don't know.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.bytesMax, !bytes.contains(0) else { return nil }
        var names: [Set<Attribute>] = []
        var current: Set<Attribute> = []
        var reader = Reader(bytes: bytes)
        while true {
            guard let (attribute, end) = reader.attribute(), current.insert(attribute).inserted else { return nil }
            if end == .plus { continue }
            names.append(current)
            current = []
            guard names.count <= Self.relativeNamesMax else { return nil }
            if end == .end { break }
        }
        relativeNames = names.reversed()
    }

    /// The keywords of RFC 4514 §3, and those that OpenSSL and others print.
    private static let types: [String: String] = [
        "cn": "2.5.4.3", "sn": "2.5.4.4", "serialnumber": "2.5.4.5", "c": "2.5.4.6", "l": "2.5.4.7", "st": "2.5.4.8", "s": "2.5.4.8",
        "street": "2.5.4.9", "o": "2.5.4.10", "ou": "2.5.4.11", "title": "2.5.4.12", "t": "2.5.4.12", "description": "2.5.4.13",
        "businesscategory": "2.5.4.15", "postalcode": "2.5.4.17", "name": "2.5.4.41", "givenname": "2.5.4.42", "gn": "2.5.4.42",
        "initials": "2.5.4.43", "generationqualifier": "2.5.4.44", "dnqualifier": "2.5.4.46", "pseudonym": "2.5.4.65",
        "organizationidentifier": "2.5.4.97", "uid": "0.9.2342.19200300.100.1.1", "dc": "0.9.2342.19200300.100.1.25",
        "emailaddress": "1.2.840.113549.1.9.1", "e": "1.2.840.113549.1.9.1",
        "jurisdictionl": "1.3.6.1.4.1.311.60.2.1.1", "jurisdictionst": "1.3.6.1.4.1.311.60.2.1.2",
        "jurisdictionc": "1.3.6.1.4.1.311.60.2.1.3",
    ]

    private enum Ending {
        case comma, plus, end
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        private static let space = UInt8(ascii: " ")

        private mutating func skipSpaces() {
            while index < bytes.count, bytes[index] == Self.space { index += 1 }
        }

        mutating func attribute() -> (Attribute, Ending)? {
            guard let type = type() else { return nil }
            skipSpaces()
            if index < bytes.count, bytes[index] == UInt8(ascii: "#") {
                index += 1
                return hexValue(type)
            }
            return stringValue(type)
        }

        /// A keyword or a dotted number, and the `=` behind it.
        private mutating func type() -> String? {
            skipSpaces()
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "=")) else { return nil }
            var letters = bytes[index..<end]
            while letters.last == Self.space { letters.removeLast() }
            index = end + 1
            var text = String(decoding: letters, as: UTF8.self).lowercased()
            if text.hasPrefix("oid.") { text.removeFirst(4) }
            if let known = DistinguishedName.types[text] { return known }
            let arcs = text.split(separator: ".", omittingEmptySubsequences: false)
            let isNumber =
                arcs.count >= 2
                && arcs.allSatisfy { arc in
                    (1...20).contains(arc.utf8.count) && arc.utf8.allSatisfy { (0x30...0x39).contains($0) }
                        && (arc == "0" || !arc.hasPrefix("0"))
                }
            return isNumber && text.utf8.count <= 128 ? text : nil
        }

        private mutating func ending() -> Ending? {
            guard index < bytes.count else { return .end }
            defer { index += 1 }
            switch bytes[index] {
            case UInt8(ascii: ","): return .comma
            case UInt8(ascii: "+"): return .plus
            default: return nil
            }
        }

        /// §2.4: characters with a meaning of their own are escaped.
        private mutating func stringValue(_ type: String) -> (Attribute, Ending)? {
            var value: [UInt8] = []
            reading: while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: ","), UInt8(ascii: "+"):
                    break reading
                case UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "<"), UInt8(ascii: ">"):
                    return nil
                case UInt8(ascii: "\\"):
                    guard let byte = escaped() else { return nil }
                    value.append(byte)
                case let byte:
                    value.append(byte)
                    index += 1
                }
            }
            guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else { return nil }
            let attribute = Attribute(type: type, text: text)
            guard attribute.value != .text(""), let ending = ending() else { return nil }
            return (attribute, ending)
        }

        private mutating func escaped() -> UInt8? {
            guard index + 1 < bytes.count else { return nil }
            let byte = bytes[index + 1]
            if " \"#+,;<=>\\".utf8.contains(byte) {
                index += 2
                return byte
            }
            guard index + 2 < bytes.count, let pair = Self.pair(byte, bytes[index + 2]) else { return nil }
            index += 3
            return pair
        }

        private static func pair(_ high: UInt8, _ low: UInt8) -> UInt8? {
            guard let high = Character(UnicodeScalar(high)).hexDigitValue, let low = Character(UnicodeScalar(low)).hexDigitValue else {
                return nil
            }
            return UInt8(high << 4 | low)
        }

        /// The value's BER in hexadecimal; read where it is a text.
        private mutating func hexValue(_ type: String) -> (Attribute, Ending)? {
            var value: [UInt8] = []
            while index + 1 < bytes.count, let byte = Self.pair(bytes[index], bytes[index + 1]) {
                value.append(byte)
                index += 2
            }
            skipSpaces()
            // UTF8String, PrintableString, IA5String; up to 127 bytes have their length in one.
            guard value.count > 2, [0x0C, 0x13, 0x16].contains(value[0]), value[1] < 0x80, Int(value[1]) == value.count - 2,
                let text = String(validating: value[2...], as: UTF8.self), !value[2...].contains(0), let ending = ending()
            else { return nil }
            return (Attribute(type: type, text: text), ending)
        }
    }
}
