import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Runtime

/// What a handler knows about a request besides the request itself.
package struct GatehouseContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    private let remoteAddress: SocketAddress?
    private let id = RequestID()
    /// Whom a trusted proxy speaks for.
    private var forwardedAddress: AddressNumber?
    /// The certificate that the client has proven to hold the key of, and those that vouch for it, in DER; empty without one.
    /// Whether any of them is to be trusted has not been judged.
    package var peerCertificates: [[UInt8]]
    /// What becomes known of the request on its way.
    package let notes = RequestNotes()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
        peerCertificates = (source.channel as? TLSPeerChannel)?.certificates ?? []
    }

    /// Takes from the request's fields what a trusted proxy says about the client.
    /// - Returns: why fields were not believed.
    package mutating func believe(_ trust: ProxyTrust, _ headers: HTTPFields) -> [ProxyVerdict.Refusal] {
        let verdict = trust.judge(
            peer: remoteAddress.flatMap { AddressNumber($0) }, headers, readsCertificate: peerCertificates.isEmpty)
        forwardedAddress = verdict.client
        if peerCertificates.isEmpty { peerCertificates = verdict.certificates }
        return verdict.refusals
    }

    /// The limits that the request has met.
    package var rateLimits: RequestNotes { notes }

    /// Request bodies above this are refused with 413.
    package var maxUploadSize: Int { Form.bodyBytesMax }

    /// The client's numeric address: the peer's, or behind a trusted proxy the one that it tells; `unknown` where there is none
    /// (a unix socket, a test).
    package var clientAddress: String { forwardedAddress?.description ?? remoteAddress?.numericText ?? "unknown" }

    /// The numeric address of whoever is connected, whomever it speaks for; `unknown` where there is none.
    package var peerAddress: String { remoteAddress?.numericText ?? "unknown" }

    /// Names this request in the log and on error pages.
    package var requestID: String { "\(id)" }

    /// What every line of the log says about the request that it belongs to: ids, and nothing about people.
    /// - Parameter randomness: where a trace is begun here.
    package func logMetadata(_ randomness: any Randomness) -> Logger.Metadata {
        let trace = notes.trace(randomness)
        var metadata: Logger.Metadata = ["request": "\(requestID)", "trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)"]
        if let parent = trace.parentID { metadata["parent_id"] = "\(parent)" }
        return metadata
    }
}
