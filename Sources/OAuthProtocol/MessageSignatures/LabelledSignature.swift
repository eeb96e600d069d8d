/// What `Signature-Input` and `Signature` say under one label (RFC 9421 §4), before anything in it is judged: a signature that
/// isn't meant for us may cover things that we don't know.
struct LabelledSignature: Sendable {
    let label: String
    let input: StructuredInnerList
    let signature: [UInt8]

    /// All signatures of a message, in the order of `Signature-Input`.
    /// - Throws: `noSignature`, and the refusals of fields that can't be read, are too large, or don't agree about the labels.
    static func read(_ message: SignableMessage, countMax: Int) throws(MessageSignatureRefusal) -> [LabelledSignature] {
        guard let inputs = try dictionary("signature-input", of: message, countMax: countMax), !inputs.entries.isEmpty else {
            throw .noSignature
        }
        guard let signatures = try dictionary("signature", of: message, countMax: countMax) else {
            throw .unpairedLabel(inputs.entries[0].key)
        }
        if let alone = signatures.entries.first(where: { inputs[$0.key] == nil }) { throw .unpairedLabel(alone.key) }
        var labelled: [LabelledSignature] = []
        labelled.reserveCapacity(inputs.entries.count)
        for (label, member) in inputs.entries {
            guard let input = member.innerList else { throw .malformedField("signature-input") }
            guard let other = signatures[label] else { throw .unpairedLabel(label) }
            guard let item = other.item, item.parameters.isEmpty, let bytes = item.value.bytes else { throw .malformedField("signature") }
            labelled.append(LabelledSignature(label: label, input: input, signature: bytes))
        }
        return labelled
    }

    /// - Returns: nil where the message has no such field.
    static func dictionary(
        _ name: String, of message: SignableMessage, countMax: Int
    ) throws(MessageSignatureRefusal) -> StructuredDictionary? {
        guard let bytes = try MessageFieldLines(name, of: message).combined() else { return nil }
        do {
            return try StructuredDictionary(
                parsing: bytes,
                limits: .init(
                    bytesMax: MessageFieldLines.bytesMax, membersMax: countMax, itemsMax: MessageSignature.componentCountMax,
                    parametersMax: MessageSignature.parameterCountMax))
        } catch {
            throw MessageSignatureRefusal(error, in: name)
        }
    }
}

extension SignableMessage {
    /// The key ids that its signatures name, whatever else is right or wrong with them; nil where they can't be read.
    package var signatureKeyIDs: [String]? {
        guard let inputs = try? LabelledSignature.dictionary("signature-input", of: self, countMax: 64) else { return nil }
        return inputs.entries.compactMap { $0.member.innerList?.parameters["keyid"]?.string }
    }
}
