/// A bare item with its parameters (RFC 9651 §3.3).
package struct StructuredItem: Sendable, Equatable {
    package var value: StructuredValue
    package var parameters: StructuredParameters

    package init(_ value: StructuredValue, parameters: StructuredParameters = .init()) {
        self.value = value
        self.parameters = parameters
    }

    /// Reads a whole field that is one item.
    package init(parsing text: some Collection<UInt8>, limits: StructuredFieldLimits = .init()) throws(StructuredFieldError) {
        var parser = try StructuredFieldParser(text, limits: limits)
        self = try parser.whole { parser throws(StructuredFieldError) in try parser.item() }
    }

    package func write(into output: inout [UInt8]) {
        value.write(into: &output)
        parameters.write(into: &output)
    }
}
