import HTTPTypes
import Hummingbird
import OAuth
import OAuthProtocol
import Web

/// What a request shows of whoever sent it: a request to this server, or one that a proxy asks about.
package struct CallerEvidence: Sendable {
    package var method: String
    /// `http` or `https`, as the sender meant it.
    package var scheme: String
    /// Host and port, as the sender meant them.
    package var authority: String
    /// Path and query as sent.
    package var requestTarget: String
    package var headers: HTTPFields
    package var body: SignableMessage.Body
    /// The numeric address that it came from; nil where nobody says.
    package var address: String?
    /// The certificate that the sender holds the key of, and those that vouch for it, in DER; empty without one.
    package var certificates: [[UInt8]]
    /// Scheme, host and port under which it may have been sent, where there are others than the ones above.
    package var otherOrigins: [String] = []

    package init(
        method: String, scheme: String, authority: String, requestTarget: String, headers: HTTPFields, body: SignableMessage.Body = .none,
        address: String?, certificates: [[UInt8]] = []
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.requestTarget = requestTarget
        self.headers = headers
        self.body = body
        self.address = address
        self.certificates = certificates
    }

    /// Whether it bears message signatures (RFC 9421).
    var isSigned: Bool { headers[.signatureInput] != nil }

    /// What goes with an access token.
    var sender: SenderEvidence {
        SenderEvidence(
            method: method, origins: ["\(scheme)://\(authority)"] + otherOrigins, requestTarget: requestTarget, headers: headers,
            certificates: certificates)
    }

    /// Whether it has a body, or says that it has.
    var hasBody: Bool {
        switch body {
        case .bytes(let bytes): !bytes.isEmpty
        case .elsewhere: true
        case .none: headers[.transferEncoding] != nil || (headers[.contentLength] ?? "0") != "0"
        }
    }

    /// What a signature can cover of it.
    /// - Throws: `malformedMethod`, `malformedTarget`, `tooManyFields`.
    var message: SignableMessage {
        get throws(MessageSignatureRefusal) {
            try SignableMessage(
                method: method, scheme: scheme, authority: authority, requestTarget: requestTarget,
                fields: headers.map { ($0.name.rawName, $0.value) }, body: body)
        }
    }

    /// A request to this server. Its body is read where a signature may cover it, and is still there for the endpoint.
    /// - Throws: `payload_too_large`.
    static func read(
        _ request: inout Request, _ context: GatehouseContext, site: Site, origins: [String]
    ) async throws -> CallerEvidence {
        var body = SignableMessage.Body.none
        if request.headers[.signatureInput] != nil {
            let buffer = try await Form.body(request)
            request.body = .init(buffer: buffer)
            body = .bytes(Array(buffer.readableBytesView))
        }
        let scheme = site.isSecure ? "https" : "http"
        var evidence = CallerEvidence(
            method: request.method.rawValue, scheme: scheme, authority: String(site.origin.dropFirst(scheme.count + 3)),
            requestTarget: request.uri.string, headers: request.headers, body: body, address: context.clientAddress,
            certificates: context.peerCertificates)
        evidence.otherOrigins = origins
        return evidence
    }
}
