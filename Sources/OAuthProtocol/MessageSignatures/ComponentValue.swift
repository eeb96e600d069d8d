/// The values of components, appended to the signature base (RFC 9421 §2.1, §2.2).
struct ComponentValue {
    private let message: SignableMessage

    init(of message: SignableMessage) {
        self.message = message
    }

    func append(_ identifier: ComponentIdentifier, to output: inout [UInt8]) throws(MessageSignatureRefusal) {
        if identifier.name.utf8.first == UInt8(ascii: "@") {
            try appendDerived(identifier, to: &output)
        } else {
            try appendField(identifier, to: &output)
        }
    }

    private func appendDerived(_ identifier: ComponentIdentifier, to output: inout [UInt8]) throws(MessageSignatureRefusal) {
        switch message.controlData {
        case .response(let status):
            guard identifier.name == "@status" else { throw .unresolvedComponent(identifier.name) }
            output.append(text: String(status))
        case .request(let method, let target):
            switch identifier.name {
            case "@method": output.append(text: method)
            case "@scheme": output.append(text: target.scheme)
            case "@authority": output.append(text: target.authority)
            case "@request-target": output.append(text: target.requestTarget)
            default: try appendTarget(identifier, target, to: &output)
            }
        }
    }

    private func appendTarget(
        _ identifier: ComponentIdentifier, _ target: MessageTarget, to output: inout [UInt8]
    ) throws(MessageSignatureRefusal) {
        guard let path = target.path else { throw .unresolvedComponent(identifier.name) }
        switch (identifier.name, identifier.form) {
        case ("@path", _):
            output.append(text: path)
        case ("@query", _):
            // The mark stands there even where the query is absent (§2.2.7).
            output.append(UInt8(ascii: "?"))
            if let query = target.query { output.append(text: query) }
        case ("@target-uri", _):
            output.append(text: target.scheme)
            output.append(text: "://")
            output.append(text: target.authority)
            output.append(text: path)
            if let query = target.query {
                output.append(UInt8(ascii: "?"))
                output.append(text: query)
            }
        case (_, .queryParameter(let name)):
            guard let value = QueryParameter.find(name, in: target.query ?? "") else { throw .unresolvedComponent(identifier.text) }
            output.append(contentsOf: value)
        default:
            throw .unresolvedComponent(identifier.name)
        }
    }

    private func appendField(_ identifier: ComponentIdentifier, to output: inout [UInt8]) throws(MessageSignatureRefusal) {
        let lines = MessageFieldLines(identifier.name, of: message)
        let count: Int
        switch identifier.form {
        case .byteSequences:
            count = try lines.appendByteSequences(to: &output)
        case .structured, .member:
            try appendStructured(identifier, lines, to: &output)
            count = 1
        default:
            count = try lines.appendCombined(to: &output)
            // Cookies hold bare commas: two lines put together could as well be one (§7.5.6).
            if count > 1, identifier.name == "set-cookie" { throw .unresolvedComponent(identifier.name) }
        }
        guard count > 0 else { throw .unresolvedComponent(identifier.name) }
    }

    private func appendStructured(
        _ identifier: ComponentIdentifier, _ lines: MessageFieldLines, to output: inout [UInt8]
    ) throws(MessageSignatureRefusal) {
        guard let bytes = try lines.combined() else { throw .unresolvedComponent(identifier.name) }
        do {
            if case .member(let key) = identifier.form {
                guard let member = try StructuredDictionary(parsing: bytes)[key] else {
                    throw MessageSignatureRefusal.unresolvedComponent(identifier.text)
                }
                member.write(into: &output)
                return
            }
            switch KnownStructuredFields.kind(of: identifier.name) {
            case .dictionary: try StructuredDictionary(parsing: bytes).write(into: &output)
            case .list: try StructuredList(parsing: bytes).write(into: &output)
            case .item: try StructuredItem(parsing: bytes).write(into: &output)
            case nil: throw MessageSignatureRefusal.unsupportedParameter(component: identifier.name, parameter: "sf")
            }
        } catch let refusal as MessageSignatureRefusal {
            throw refusal
        } catch {
            throw .malformedField(identifier.name)
        }
    }
}
