/// The name of a thing that a signature covers, with its parameters (RFC 9421 §2).
package struct ComponentIdentifier: Sendable {
    /// How the value is made.
    enum Form: Sendable, Equatable {
        case plain
        /// `sf`: a structured field, serialised anew.
        case structured
        /// `key`: one member of a dictionary.
        case member(String)
        /// `bs`: every line as a byte sequence.
        case byteSequences
        /// `name`, of `@query-param`.
        case queryParameter(String)
    }

    package static let nameBytesMax = 128

    package let name: String
    let form: Form
    /// In the order in which they came: it is signed.
    package let parameters: StructuredParameters

    private init(_ name: String, _ form: Form, _ parameters: StructuredParameters) {
        self.name = name
        self.form = form
        self.parameters = parameters
    }

    package static let method = ComponentIdentifier("@method", .plain, .init())
    package static let targetURI = ComponentIdentifier("@target-uri", .plain, .init())
    package static let authority = ComponentIdentifier("@authority", .plain, .init())
    package static let scheme = ComponentIdentifier("@scheme", .plain, .init())
    package static let requestTarget = ComponentIdentifier("@request-target", .plain, .init())
    package static let path = ComponentIdentifier("@path", .plain, .init())
    package static let query = ComponentIdentifier("@query", .plain, .init())
    package static let status = ComponentIdentifier("@status", .plain, .init())
    package static let contentDigest = ComponentIdentifier("content-digest", .plain, .init())

    /// A field by its name in any case.
    package static func field(_ name: String) throws(MessageSignatureRefusal) -> ComponentIdentifier {
        try ComponentIdentifier(StructuredItem(.string(name.lowercased())))
    }

    /// What an item of an inner list names.
    /// - Throws: `malformedComponent`, `unknownComponent`, `unsupportedParameter`. Trailers (`tr`) and the request of a response
    ///   (`req`) are not supported; §2.5 wants an error for whatever isn't understood.
    package init(_ item: StructuredItem) throws(MessageSignatureRefusal) {
        guard let name = item.value.string, (1...Self.nameBytesMax).contains(name.utf8.count) else { throw .malformedComponent("") }
        self.init(name, try Self.form(name, item.parameters), item.parameters)
    }

    /// Whether it covers all of what its name says.
    var isWhole: Bool { form == .plain || form == .structured || form == .byteSequences }

    /// Whether both name the same thing: the order of parameters makes no difference (§2).
    func isEquivalent(to other: ComponentIdentifier) -> Bool {
        name == other.name && parameters.holdsSame(as: other.parameters)
    }

    /// Appends it as it stands in `Signature-Input`: ASCII.
    package func write(into output: inout [UInt8]) {
        // Tokens and our own names need no escape.
        output.append(UInt8(ascii: "\""))
        output.append(text: name)
        output.append(UInt8(ascii: "\""))
        parameters.write(into: &output)
    }

    /// As it stands in `Signature-Input`.
    package var text: String {
        var output: [UInt8] = []
        write(into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func form(_ name: String, _ parameters: StructuredParameters) throws(MessageSignatureRefusal) -> Form {
        if name.utf8.first == UInt8(ascii: "@") { return try derivedForm(name, parameters) }
        // §2.1: in lower case, so that a field has one name.
        guard name.utf8.allSatisfy({ StructuredFieldSyntax.isTokenCharacter($0) && !($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")) })
        else { throw .malformedComponent(name) }
        var isStructured = false
        var isBytes = false
        var member: String?
        for (key, value) in parameters.entries {
            switch (key, value) {
            case ("sf", .boolean(true)): isStructured = true
            case ("bs", .boolean(true)): isBytes = true
            case ("key", .string(let key)): member = key
            default: throw .unsupportedParameter(component: name, parameter: key)
            }
        }
        // §2.1.3: `bs` goes with neither of the others, which need the lines put together. `key` says all that `sf` does.
        if isBytes, isStructured || member != nil { throw .unsupportedParameter(component: name, parameter: "bs") }
        if let member { return .member(member) }
        return isStructured ? .structured : isBytes ? .byteSequences : .plain
    }

    private static func derivedForm(_ name: String, _ parameters: StructuredParameters) throws(MessageSignatureRefusal) -> Form {
        switch name {
        case "@query-param":
            guard case .string(let parameter)? = parameters["name"] else { throw .malformedComponent(name) }
            if let other = parameters.entries.first(where: { $0.key != "name" }) {
                throw .unsupportedParameter(component: name, parameter: other.key)
            }
            return .queryParameter(parameter)
        case "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "@status":
            if let other = parameters.entries.first { throw .unsupportedParameter(component: name, parameter: other.key) }
            return .plain
        default:
            // `@signature-params` among them: it is always covered, and never named (§2.3).
            throw .unknownComponent(name)
        }
    }
}

extension ComponentIdentifier: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.parameters == right.parameters
    }
}
