/// What stands behind the semicolons of an item or inner list, in the order in which it came (RFC 9651 §3.1.2).
package struct StructuredParameters: Sendable {
    package typealias Entry = (key: String, value: StructuredValue)

    package private(set) var entries: [Entry]

    /// The keys must differ; of two with one key the first counts.
    package init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(key: String) -> StructuredValue? {
        entries.first { $0.key == key }?.value
    }

    package mutating func append(_ key: String, _ value: StructuredValue) {
        entries.append((key, value))
    }

    /// Whether both hold the same, in whatever order.
    package func holdsSame(as other: StructuredParameters) -> Bool {
        entries.count == other.entries.count && entries.allSatisfy { other[$0.key] == $0.value }
    }

    package func write(into output: inout [UInt8]) {
        for (key, value) in entries {
            output.append(UInt8(ascii: ";"))
            output.append(text: key)
            if value == .boolean(true) { continue }
            output.append(UInt8(ascii: "="))
            value.write(into: &output)
        }
    }
}

extension StructuredParameters: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.key == $1.key && $0.value == $1.value }
    }
}
