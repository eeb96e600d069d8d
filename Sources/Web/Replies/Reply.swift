import HTTPTypes
import Hummingbird
import NIOCore

/// The answers that endpoints give when all went well.
package enum Reply {
    /// A JSON answer.
    /// - Parameter isStored: Whether caches may keep it by the rules of `headers`; otherwise it says `no-store` (RFC 6749 §5.1).
    package static func json(
        _ bytes: [UInt8], status: HTTPResponse.Status = .ok, isStored: Bool = false, headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields.append(jsonType)
        if !isStored { fields.append(contentsOf: noStore) }
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Sends the browser elsewhere by GET (303), whatever method brought it here.
    package static func redirect(to location: String, setting cookies: HTTPField?...) -> Response {
        var fields: HTTPFields = [:]
        fields.append(HTTPField(name: .location, value: location))
        fields.append(contentsOf: noStore)
        for case let cookie? in cookies { fields.append(cookie) }
        return Response(status: .seeOther, headers: fields)
    }

    static let jsonType = HTTPField(name: .contentType, value: "application/json")
    /// RFC 6749 §5.1 asks for both, the second for HTTP/1.0 caches.
    static let noStore = [HTTPField(name: .cacheControl, value: "no-store"), HTTPField(name: .pragma, value: "no-cache")]
}
