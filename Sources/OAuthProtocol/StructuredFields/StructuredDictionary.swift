/// A field that is a dictionary (RFC 9651 §3.2), in the order in which it came. No key occurs twice.
package struct StructuredDictionary: Sendable {
    package typealias Entry = (key: String, member: StructuredMember)

    package private(set) var entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    package init(parsing text: some Collection<UInt8>, limits: StructuredFieldLimits = .init()) throws(StructuredFieldError) {
        var parser = try StructuredFieldParser(text, limits: limits)
        self.init(try parser.whole { parser throws(StructuredFieldError) in try parser.dictionary() })
    }

    package subscript(key: String) -> StructuredMember? {
        entries.first { $0.key == key }?.member
    }

    package func write(into output: inout [UInt8]) {
        for (index, entry) in entries.enumerated() {
            if index > 0 { output.append(text: ", ") }
            output.append(text: entry.key)
            if let item = entry.member.item, item.value == .boolean(true) {
                item.parameters.write(into: &output)
            } else {
                output.append(UInt8(ascii: "="))
                entry.member.write(into: &output)
            }
        }
    }

    /// The field's value.
    package var text: String {
        var output: [UInt8] = []
        write(into: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

extension StructuredDictionary: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.key == $1.key && $0.member == $1.member }
    }
}
