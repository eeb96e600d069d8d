import FoundationEssentials

/// A signature as the message claims it, well formed but not yet verified: what it covers, and its parameters (RFC 9421 §2.3).
package struct MessageSignature: Sendable {
    package static let componentCountMax = 32
    package static let parameterCountMax = 16
    /// Of `keyid`, `nonce` and `tag`.
    package static let textBytesMax = 256

    package let label: String
    package let components: [ComponentIdentifier]
    package let parameters: StructuredParameters
    package let signature: [UInt8]

    package let createdAt: Date?
    package let expiresAt: Date?
    package let keyID: String?
    package let nonce: String?
    package let tag: String?
    /// The name in `alg`, which may be one that we don't know.
    package let algorithmName: String?

    /// - Throws: the refusals of components; `malformedParameter` for a parameter of the wrong type or size. Parameters that we
    ///   don't know are signed like the others and mean nothing.
    init(_ labelled: LabelledSignature) throws(MessageSignatureRefusal) {
        label = labelled.label
        signature = labelled.signature
        parameters = labelled.input.parameters
        guard labelled.input.items.count <= Self.componentCountMax else { throw .tooManyComponents }
        var components: [ComponentIdentifier] = []
        components.reserveCapacity(labelled.input.items.count)
        for item in labelled.input.items { components.append(try ComponentIdentifier(item)) }
        self.components = components
        createdAt = try Self.instant("created", in: parameters)
        expiresAt = try Self.instant("expires", in: parameters)
        keyID = try Self.text("keyid", in: parameters)
        nonce = try Self.text("nonce", in: parameters)
        tag = try Self.text("tag", in: parameters)
        algorithmName = try Self.text("alg", in: parameters)
    }

    /// Whether all of `name` is signed, and not one member or parameter of it.
    package func covers(_ name: String) -> Bool {
        components.contains { $0.name == name && $0.isWhole }
    }

    /// What was signed if the message is what the signer saw.
    func base(of message: SignableMessage) throws(MessageSignatureRefusal) -> [UInt8] {
        try SignatureBase.build(components, parameters: parameters, of: message)
    }

    private static func instant(_ name: String, in parameters: StructuredParameters) throws(MessageSignatureRefusal) -> Date? {
        guard let value = parameters[name] else { return nil }
        guard let seconds = value.integer, seconds >= 0 else { throw .malformedParameter(name) }
        return Date(timeIntervalSince1970: Double(seconds))
    }

    private static func text(_ name: String, in parameters: StructuredParameters) throws(MessageSignatureRefusal) -> String? {
        guard let value = parameters[name] else { return nil }
        guard let text = value.string, (1...textBytesMax).contains(text.utf8.count) else { throw .malformedParameter(name) }
        return text
    }
}
