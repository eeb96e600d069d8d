import OAuthProtocol

/// A request that a service received, as it describes it to us: what a signature may cover of it.
struct SignedMessageForm: Sendable {
    static let names: Set<String> = [
        "method", "target_uri", "scheme", "authority", "path", "query", "headers", "body", "content_digest_verified",
    ]

    private let method: String
    private let scheme: String
    private let authority: String
    private let requestTarget: String
    private let fields: [SignableMessage.Field]
    private let body: SignableMessage.Body

    /// - Throws: `invalid_request` for what isn't of the form. What the form holds may still be no request: see ``message``.
    init(_ form: JSONForm) throws(OAuthError) {
        method = try form.requiredText("method", bytesMax: 64)
        (scheme, authority, requestTarget) = try Self.target(form)
        fields = try form.fields("headers", countMax: SignableMessage.fieldCountMax)
        let bytes = try form.bytes("body")
        let isVerified = try form.flag("content_digest_verified") ?? false
        switch (bytes, isVerified) {
        case (let bytes?, false): body = .bytes(bytes)
        case (nil, true): body = .elsewhere
        case (nil, false):
            // Else a body would go unsigned because somebody forgot to mention it.
            guard !fields.contains(where: Self.saysBody) else {
                throw .invalidRequest(
                    "The headers speak of a body: send it as body, or compare its digest and say content_digest_verified.")
            }
            body = .none
        default:
            throw .invalidRequest("Either body or content_digest_verified says what the body is.")
        }
    }

    /// - Throws: `malformedMethod`, `malformedTarget`: the sender's doing, not that of the service.
    var message: SignableMessage {
        get throws(MessageSignatureRefusal) {
            try SignableMessage(
                method: method, scheme: scheme, authority: authority, requestTarget: requestTarget, fields: fields, body: body)
        }
    }

    /// `target_uri`, or `scheme`, `authority`, `path` and, where there is one, `query`.
    private static func target(_ form: JSONForm) throws(OAuthError) -> (scheme: String, authority: String, requestTarget: String) {
        let parts: [String?] = [
            try form.text("scheme", bytesMax: 8), try form.text("authority", bytesMax: 261),
            try form.text("path", bytesMax: MessageTarget.bytesMax), try form.text("query", bytesMax: MessageTarget.bytesMax),
        ]
        if let uri = try form.text("target_uri", bytesMax: MessageTarget.bytesMax) {
            let uri = Array(uri.utf8)
            guard parts.allSatisfy({ $0 == nil }), let colon = uri.firstIndex(of: UInt8(ascii: ":")),
                uri[colon...].starts(with: "://".utf8)
            else {
                throw .invalidRequest("The member target_uri must be an absolute URI, and stand for all of the target.")
            }
            let rest = uri[(colon + 3)...]
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
            let hasPath = end < rest.endIndex && rest[end] == UInt8(ascii: "/")
            return (text(uri[..<colon]), text(rest[..<end]), hasPath ? text(rest[end...]) : "/" + text(rest[end...]))
        }
        guard let scheme = parts[0], let authority = parts[1], let path = parts[2], path.utf8.first == UInt8(ascii: "/"),
            !path.utf8.contains(UInt8(ascii: "?"))
        else {
            throw .invalidRequest("The target is needed: target_uri, or scheme, authority and path, and query apart from the path.")
        }
        return (scheme, authority, parts[3].map { "\(path)?\($0)" } ?? path)
    }

    private static func saysBody(_ field: SignableMessage.Field) -> Bool {
        switch field.name.lowercased() {
        case "transfer-encoding": true
        case "content-length": field.value != "0"
        default: false
        }
    }
}
