import FoundationEssentials

/// Makes the fields that sign a message: `Content-Digest` where it is lacking, `Signature-Input` and `Signature`.
package struct MessageSigner: Sendable {
    private let key: MessageSigningKey
    private let keyID: String
    private let label: String
    private let tag: String?
    private let lifetime: Duration?
    private let namesAlgorithm: Bool
    private let components: [ComponentIdentifier]?
    private let additionalComponents: [ComponentIdentifier]
    private let digestAlgorithm: ContentDigest.Algorithm

    /// - Parameters:
    ///   - lifetime: What `expires` says beyond `created`; whole seconds. Nil: no `expires`.
    ///   - namesAlgorithm: Whether `alg` is sent.
    ///   - components: What to cover. Nil: what `MessageSignaturePolicy` asks for, piece by piece, since a proxy may change the
    ///     scheme that `@target-uri` would sign.
    ///   - additionalComponents: What to cover besides.
    /// - Throws: `malformedParameter` for a label, key id or tag that the fields can't carry.
    package init(
        key: MessageSigningKey, keyID: String, label: String = "sig", tag: String? = nil, lifetime: Duration? = nil,
        namesAlgorithm: Bool = true, components: [ComponentIdentifier]? = nil, additionalComponents: [ComponentIdentifier] = [],
        digestAlgorithm: ContentDigest.Algorithm = .sha256
    ) throws(MessageSignatureRefusal) {
        guard let first = label.utf8.first, StructuredFieldSyntax.isKeyStart(first), label.utf8.allSatisfy(StructuredFieldSyntax.isKey),
            label.utf8.count <= 64
        else { throw .malformedParameter("label") }
        try Self.check(keyID, "keyid")
        if let tag { try Self.check(tag, "tag") }
        guard lifetime == nil || lifetime.map({ $0 >= .seconds(1) }) == true else { throw .malformedParameter("expires") }
        self.key = key
        self.keyID = keyID
        self.label = label
        self.tag = tag
        self.lifetime = lifetime
        self.namesAlgorithm = namesAlgorithm
        self.components = components
        self.additionalComponents = additionalComponents
        self.digestAlgorithm = digestAlgorithm
    }

    /// - Parameter nonce: unique with this key; printable ASCII. Nil where the verifier asks for none.
    /// - Returns: the fields to add to the message, each on a line of its own.
    /// - Throws: `duplicateLabel` where the message bears our label already, `digestMismatch` where its `Content-Digest` isn't that
    ///   of the body, and the refusals of components that it hasn't got.
    package func sign(
        _ message: SignableMessage, now: Date, nonce: String?
    ) throws(MessageSignatureRefusal) -> [SignableMessage.Field] {
        try checkLabel(message)
        var fields: [SignableMessage.Field] = []
        if let digest = try requireDigest(of: message) { fields.append(("Content-Digest", digest.text)) }
        let signed = try message.adding(fields)
        let parameters = try parameters(now: now, nonce: nonce)
        let components = (components ?? Self.components(for: message)) + additionalComponents
        let base = try SignatureBase.build(components, parameters: parameters, of: signed)

        var input = Array((label + "=").utf8)
        SignatureBase.writeParameters(components, parameters, into: &input)
        fields.append(("Signature-Input", String(decoding: input, as: UTF8.self)))
        fields.append(("Signature", "\(label)=:\(Base64.encode(try key.sign(base))):"))
        return fields
    }

    private static func components(for message: SignableMessage) -> [ComponentIdentifier] {
        var components: [ComponentIdentifier]
        switch message.controlData {
        case .response:
            components = [.status]
        case .request(_, let target):
            components = [.method, .authority, .path]
            if target.query != nil { components.append(.query) }
        }
        if message.hasBody { components.append(.contentDigest) }
        return components
    }

    private func parameters(now: Date, nonce: String?) throws(MessageSignatureRefusal) -> StructuredParameters {
        let created = Int64(now.timeIntervalSince1970.rounded(.down))
        var parameters = StructuredParameters([("created", .integer(created))])
        parameters.append("keyid", .string(keyID))
        if namesAlgorithm { parameters.append("alg", .string(key.algorithm.rawValue)) }
        if let lifetime { parameters.append("expires", .integer(created + lifetime.components.seconds)) }
        if let nonce {
            try Self.check(nonce, "nonce")
            parameters.append("nonce", .string(nonce))
        }
        if let tag { parameters.append("tag", .string(tag)) }
        return parameters
    }

    /// - Returns: the digest that has to be added, if any.
    private func requireDigest(of message: SignableMessage) throws(MessageSignatureRefusal) -> ContentDigest? {
        let present = try MessageFieldLines(ContentDigest.fieldName, of: message).combined()
        switch message.body {
        case .elsewhere:
            guard present != nil else { throw .missingComponent(ContentDigest.fieldName) }
            return nil
        case .none:
            return nil
        case .bytes(let body):
            guard let present else { return body.isEmpty ? nil : ContentDigest(of: body, algorithm: digestAlgorithm) }
            guard try ContentDigest(parsing: present).matches(body) else { throw .digestMismatch }
            return nil
        }
    }

    private func checkLabel(_ message: SignableMessage) throws(MessageSignatureRefusal) {
        let present = try LabelledSignature.dictionary("signature-input", of: message, countMax: 64)
        guard present?[label] == nil else { throw .duplicateLabel(label) }
    }

    private static func check(_ text: String, _ name: String) throws(MessageSignatureRefusal) {
        guard (1...MessageSignature.textBytesMax).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw .malformedParameter(name)
        }
    }
}
