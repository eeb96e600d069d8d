/// The bytes that are signed (RFC 9421 §2.5), written into one buffer.
enum SignatureBase {
    static let bytesMax = 65_536

    /// - Throws: `duplicateComponent` and `tooManyComponents`, and whatever a component's value throws.
    static func build(
        _ components: [ComponentIdentifier], parameters: StructuredParameters, of message: SignableMessage
    ) throws(MessageSignatureRefusal) -> [UInt8] {
        guard components.count <= MessageSignature.componentCountMax else { throw .tooManyComponents }
        var output: [UInt8] = []
        output.reserveCapacity(1_024)
        let value = ComponentValue(of: message)
        for (index, identifier) in components.enumerated() {
            guard !components[..<index].contains(where: { $0.isEquivalent(to: identifier) }) else {
                throw .duplicateComponent(identifier.text)
            }
            identifier.write(into: &output)
            output.append(text: ": ")
            try value.append(identifier, to: &output)
            output.append(UInt8(ascii: "\n"))
            guard output.count <= bytesMax else { throw .componentTooLarge(identifier.name) }
        }
        output.append(text: "\"@signature-params\": ")
        writeParameters(components, parameters, into: &output)
        return output
    }

    /// The value of `@signature-params`, which is also what `Signature-Input` says under the label (§2.3).
    static func writeParameters(_ components: [ComponentIdentifier], _ parameters: StructuredParameters, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "("))
        for (index, identifier) in components.enumerated() {
            if index > 0 { output.append(UInt8(ascii: " ")) }
            identifier.write(into: &output)
        }
        output.append(UInt8(ascii: ")"))
        parameters.write(into: &output)
    }
}
