import Hummingbird
import Logging
import NIOCore

/// What a handler knows about a request besides the request itself.
package struct GatehouseContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    private let remoteAddress: SocketAddress?
    private let id = RequestID()
    /// The certificate that the client has proven to hold the key of, and those that vouch for it, in DER; empty without one.
    package var peerCertificates: [[UInt8]] = []
    /// The limits that the request has met.
    package let rateLimits = RateLimitNotes()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    /// Request bodies above this are refused with 413.
    package var maxUploadSize: Int { Form.bodyBytesMax }

    /// The numeric address of the peer; `unknown` where there is none (a unix socket, a test).
    package var clientAddress: String { remoteAddress?.ipAddress ?? "unknown" }

    /// The numeric address of whoever is connected, whomever it speaks for; `unknown` where there is none.
    package var peerAddress: String { remoteAddress?.ipAddress ?? "unknown" }

    /// Names this request in the log and on error pages.
    package var requestID: String { "\(id)" }
}
