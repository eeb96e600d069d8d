/// A kind of scalar: how its text is judged and how its value is printed.
struct SettingsScalar<Value> {
    let parse: (String) throws(SettingsRefusal) -> Value
    let print: (Value) -> String

    init(parse: @escaping (String) throws(SettingsRefusal) -> Value, print: @escaping (Value) -> String) {
        self.parse = parse
        self.print = print
    }

    /// The same kind with one more condition.
    func holding(_ message: String, _ condition: @escaping (Value) -> Bool) -> Self {
        let parse = self.parse
        return SettingsScalar(
            parse: { text throws(SettingsRefusal) in
                let value = try parse(text)
                guard condition(value) else { throw SettingsRefusal(message) }
                return value
            }, print: self.print)
    }
}

extension SettingsScalar where Value == String {
    /// Text as it stands in the file: no YAML retyping, so that `no` is a name and a postal code keeps its zeros.
    static func text(bytesMax: Int = 200) -> Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard !text.isEmpty else { throw SettingsRefusal("must not be empty") }
                guard text.utf8.count <= bytesMax else { throw SettingsRefusal("must be at most \(bytesMax) bytes long") }
                guard !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F }) else {
                    throw SettingsRefusal("must not contain control characters")
                }
                return text
            }, print: SettingsOutline.quoted)
    }

    static var path: Self { text(bytesMax: 4_096) }
}

extension SettingsScalar where Value == SecretText {
    static func secret(bytesMax: Int = 4_096) -> Self {
        let kind = SettingsScalar<String>.text(bytesMax: bytesMax)
        return Self(
            parse: { text throws(SettingsRefusal) in SecretText(try kind.parse(text)) },
            print: { _ in SettingsOutline.quoted(SecretText.mask) })
    }
}

extension SettingsScalar where Value == Bool {
    static var bool: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                switch text {
                case "true": return true
                case "false": return false
                default: throw SettingsRefusal("must be true or false")
                }
            }, print: { $0 ? "true" : "false" })
    }
}

extension SettingsScalar where Value == Int {
    static func int(_ range: ClosedRange<Int>) -> Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text), range.contains(value) else {
                    throw SettingsRefusal("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
                }
                return value
            }, print: { String($0) })
    }
}

extension SettingsScalar where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                let value = try SettingsDuration.parse(text)
                guard range.contains(value) else {
                    let bounds = "\(SettingsDuration.format(range.lowerBound)) to \(SettingsDuration.format(range.upperBound))"
                    throw SettingsRefusal("must be a duration from \(bounds)")
                }
                return value
            }, print: SettingsDuration.format)
    }
}

extension SettingsScalar where Value: CaseIterable & RawRepresentable<String> {
    /// One of the words of an enum.
    static var word: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard let value = Value(rawValue: text) else {
                    throw SettingsRefusal("must be one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return value
            }, print: { SettingsOutline.quoted($0.rawValue) })
    }
}

extension SettingsScalar where Value == [UInt8] {
    /// A SHA-256 digest in hexadecimal, printed masked: whoever has it may search for the secret behind it.
    static var sha256: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
                guard text.utf8.count == 64, digits.count == 64 else {
                    throw SettingsRefusal("must be a SHA-256 digest: 64 hexadecimal digits")
                }
                return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            }, print: { _ in SettingsOutline.quoted(SecretText.mask) })
    }
}
