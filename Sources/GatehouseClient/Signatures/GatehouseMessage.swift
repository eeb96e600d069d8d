import OAuthProtocol

/// A request or a response as far as a signature can cover it (RFC 9421 §2).
public struct GatehouseMessage: Sendable {
    /// One field line: its name in any case, and its value.
    public typealias Field = (name: String, value: String)

    enum Content: Sendable {
        case request(method: String, uri: String)
        case response(status: Int)
    }

    let content: Content
    let fields: [Field]
    let body: [UInt8]?

    /// A request.
    /// - Parameters:
    ///   - method: as sent, in its own case.
    ///   - uri: the target as the sender meant it, scheme and host included. Whoever verifies takes scheme and host from its own
    ///     settings, not from the `Host` field: otherwise a request that was signed for another service would hold here.
    ///   - fields: the field lines in the order in which they came.
    ///   - body: all of it; nil or empty where there is none.
    public static func request(method: String, uri: String, fields: [Field] = [], body: [UInt8]? = nil) -> GatehouseMessage {
        GatehouseMessage(content: .request(method: method, uri: uri), fields: fields, body: body)
    }

    /// A response.
    /// - Parameters:
    ///   - status: from 100 to 999.
    ///   - fields: the field lines in the order in which they came.
    ///   - body: all of it; nil or empty where there is none.
    public static func response(status: Int, fields: [Field] = [], body: [UInt8]? = nil) -> GatehouseMessage {
        GatehouseMessage(content: .response(status: status), fields: fields, body: body)
    }

    var hasBody: Bool { body?.isEmpty == false }

    /// - Throws: `MessageSignatureRefusal` for a method, target or status that can't be one.
    func signable() throws(MessageSignatureRefusal) -> SignableMessage {
        let body: SignableMessage.Body = self.body.map { .bytes($0) } ?? .none
        switch content {
        case .response(let status):
            return try SignableMessage(status: status, fields: fields, body: body)
        case .request(let method, let uri):
            guard let separator = uri.firstRange(of: "://") else { throw .malformedTarget }
            let rest = uri[separator.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
            var target = String(rest[end...])
            if !target.hasPrefix("/") { target = "/" + target }
            return try SignableMessage(
                method: method, scheme: String(uri[..<separator.lowerBound]), authority: String(rest[..<end]), requestTarget: target,
                fields: fields, body: body)
        }
    }
}
