/// Items in parentheses, with parameters of their own (RFC 9651 §3.1.1).
package struct StructuredInnerList: Sendable, Equatable {
    package var items: [StructuredItem]
    package var parameters: StructuredParameters

    package init(_ items: [StructuredItem], parameters: StructuredParameters = .init()) {
        self.items = items
        self.parameters = parameters
    }

    package func write(into output: inout [UInt8]) {
        output.append(UInt8(ascii: "("))
        for (index, item) in items.enumerated() {
            if index > 0 { output.append(UInt8(ascii: " ")) }
            item.write(into: &output)
        }
        output.append(UInt8(ascii: ")"))
        parameters.write(into: &output)
    }
}

/// What a list or a dictionary holds.
package enum StructuredMember: Sendable, Equatable {
    case item(StructuredItem)
    case innerList(StructuredInnerList)

    package var item: StructuredItem? { if case .item(let item) = self { item } else { nil } }
    package var innerList: StructuredInnerList? { if case .innerList(let list) = self { list } else { nil } }

    package func write(into output: inout [UInt8]) {
        switch self {
        case .item(let item): item.write(into: &output)
        case .innerList(let list): list.write(into: &output)
        }
    }
}
