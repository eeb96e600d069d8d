import HTTPTypes
import NIOCore

/// Answers as bytes (RFC 9112 §4 and §5). Field names and values are valid by their type: HTTPTypes lets neither CR nor LF through.
enum ResponseEncoding {
    static func encode(_ head: HTTPResponse, body: ByteBuffer, persistence: Persistence, allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 1_024 + body.readableBytes)
        if head.status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            buffer.writeString("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
        }
        // RFC 9110 §8.6: an answer without content has no length to tell.
        let hasNoContent = head.status == .noContent
        var tellsLength = hasNoContent
        for field in head.headerFields {
            if field.name == .contentLength {
                guard !hasNoContent else { continue }
                tellsLength = true
            }
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
            buffer.writeStaticString("\r\n")
        }
        if !tellsLength { buffer.writeString("Content-Length: \(body.readableBytes)\r\n") }
        switch persistence {
        case .implied: buffer.writeStaticString("\r\n")
        case .keepAlive: buffer.writeStaticString("Connection: keep-alive\r\n\r\n")
        case .close: buffer.writeStaticString("Connection: close\r\n\r\n")
        }
        if !hasNoContent { buffer.writeImmutableBuffer(body) }
        return buffer
    }

    /// RFC 9110 §15.2.1
    static func continueLine(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
