/// A request or response as far as a signature can cover it (RFC 9421 §2).
///
/// Whoever makes one answers for scheme and authority: they are those of the address that the caller meant.
package struct SignableMessage: Sendable {
    package typealias Field = (name: String, value: String)

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// There is one, but it isn't here: `Content-Digest` must be covered, and whoever has the body compares it.
        case elsewhere
    }

    package enum ControlData: Sendable, Equatable {
        case request(method: String, target: MessageTarget)
        case response(status: Int)
    }

    package static let fieldCountMax = 200

    package let controlData: ControlData
    /// One entry a field line, in the order in which they came; names in any case.
    package let fields: [Field]
    package let body: Body

    /// A request.
    /// - Throws: `malformedMethod`, `malformedTarget`, `tooManyFields`.
    package init(
        method: String, scheme: String, authority: String, requestTarget: String, fields: [Field], body: Body = .none
    ) throws(MessageSignatureRefusal) {
        guard (1...64).contains(method.utf8.count), method.utf8.allSatisfy(StructuredFieldSyntax.isTokenCharacter) else {
            throw .malformedMethod
        }
        let target = try MessageTarget(scheme: scheme, authority: authority, requestTarget: requestTarget)
        try self.init(.request(method: method, target: target), fields: fields, body: body)
    }

    /// A response.
    package init(status: Int, fields: [Field], body: Body = .none) throws(MessageSignatureRefusal) {
        guard (100...999).contains(status) else { throw .malformedMethod }
        try self.init(.response(status: status), fields: fields, body: body)
    }

    private init(_ controlData: ControlData, fields: [Field], body: Body) throws(MessageSignatureRefusal) {
        guard fields.count <= Self.fieldCountMax else { throw .tooManyFields }
        self.controlData = controlData
        self.fields = fields
        self.body = body
    }

    var target: MessageTarget? {
        if case .request(_, let target) = controlData { target } else { nil }
    }

    /// Whether there are bytes that `Content-Digest` has to stand for.
    var hasBody: Bool {
        switch body {
        case .none: false
        case .bytes(let bytes): !bytes.isEmpty
        case .elsewhere: true
        }
    }

    /// The same message with more field lines at its end.
    func adding(_ more: [Field]) throws(MessageSignatureRefusal) -> SignableMessage {
        try SignableMessage(controlData, fields: fields + more, body: body)
    }
}
