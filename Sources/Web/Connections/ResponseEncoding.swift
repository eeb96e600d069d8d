import HTTPTypes
import NIOCore

/// Answers as bytes (RFC 9112 §4 and §5). Field names and values are valid by their type: HTTPTypes lets neither CR nor LF through.
enum ResponseEncoding {
    /// Every byte is written once, into a buffer that was measured first: writing text by text would cost more than the rest of a short answer.
    static func encode(_ head: HTTPResponse, body: ByteBuffer, persistence: Persistence, allocator: ByteBufferAllocator) -> ByteBuffer {
        let statusLine = head.status == .ok ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
        // RFC 9110 §8.6: an answer without content has no length to tell.
        let hasNoContent = head.status == .noContent
        var tellsLength = hasNoContent
        var count = statusLine.utf8.count + lengthName.utf8.count + 24 + closing(.close).utf8.count + body.readableBytes
        for field in head.headerFields {
            count += field.name.rawName.utf8.count + field.value.utf8.count + 4
            if field.name == .contentLength { tellsLength = true }
        }
        var buffer = allocator.buffer(capacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            var end = 0
            write(statusLine, to: bytes, &end)
            for field in head.headerFields where !(hasNoContent && field.name == .contentLength) {
                write(field.name.rawName, to: bytes, &end)
                write(": ", to: bytes, &end)
                write(field.value, to: bytes, &end)
                write("\r\n", to: bytes, &end)
            }
            if !tellsLength {
                write(lengthName, to: bytes, &end)
                write(String(body.readableBytes), to: bytes, &end)
                write("\r\n", to: bytes, &end)
            }
            write(closing(persistence), to: bytes, &end)
            return end
        }
        if !hasNoContent { buffer.writeImmutableBuffer(body) }
        return buffer
    }

    private static let lengthName = "Content-Length: "

    private static func closing(_ persistence: Persistence) -> String {
        switch persistence {
        case .implied: "\r\n"
        case .keepAlive: "Connection: keep-alive\r\n\r\n"
        case .close: "Connection: close\r\n\r\n"
        }
    }

    private static func write(_ text: String, to bytes: UnsafeMutableRawBufferPointer, _ end: inout Int) {
        var text = text
        text.withUTF8 { utf8 in
            UnsafeMutableRawBufferPointer(rebasing: bytes[end...]).copyMemory(from: UnsafeRawBufferPointer(utf8))
            end += utf8.count
        }
    }

    /// RFC 9110 §15.2.1
    static func continueLine(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
