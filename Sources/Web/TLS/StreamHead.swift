import HTTPTypes
import NIOCore
import NIOHTTP2

/// How large the head of a request over HTTP/2 may be.
///
/// NIO ends a whole connection on which a list of fields is larger than it has announced (`SETTINGS_MAX_HEADER_LIST_SIZE`), and with it
/// everybody's requests where a proxy shares one among many. So more is announced than is accepted, and what lies between is refused by itself.
/// The announcement counts from when the client has acknowledged it.
enum StreamHead {
    /// As RFC 9113 §6.5.2 counts: 32 bytes for each field beside its name and value.
    private static let bytesMax = 16_384
    /// As over HTTP/1.1.
    private static let fieldsMax = 200
    private static let announcedBytesMax = 81_920

    /// To be called when NIO has sent its own settings.
    static func announce(on channel: any Channel) {
        let settings = [HTTP2Setting(parameter: .maxHeaderListSize, value: announcedBytesMax)]
        channel.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: .settings(.settings(settings))), promise: nil)
    }

    static func isAcceptable(_ head: HTTPRequest) -> Bool {
        guard head.headerFields.count <= fieldsMax else { return false }
        let pseudo = [head.scheme, head.authority, head.path].reduce(head.method.rawValue.utf8.count) { $0 + ($1?.utf8.count ?? 0) }
        return head.headerFields.reduce(pseudo) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 32 } <= bytesMax
    }
}
