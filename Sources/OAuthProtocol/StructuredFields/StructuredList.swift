/// A field that is a list (RFC 9651 §3.1).
package struct StructuredList: Sendable, Equatable {
    package var members: [StructuredMember]

    package init(_ members: [StructuredMember]) {
        self.members = members
    }

    package init(parsing text: some Collection<UInt8>, limits: StructuredFieldLimits = .init()) throws(StructuredFieldError) {
        var parser = try StructuredFieldParser(text, limits: limits)
        self.init(try parser.whole { parser throws(StructuredFieldError) in try parser.list() })
    }

    package func write(into output: inout [UInt8]) {
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(text: ", ") }
            member.write(into: &output)
        }
    }
}
