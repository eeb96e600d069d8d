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
        var fields = isStored ? jsonFields : unstoredJSONFields
        if !headers.isEmpty { fields = headers + fields }
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

    // Made once: to append a field goes through the library's generic code for collections, and costs more than to encode it.
    private static let jsonFields = HTTPFields([jsonType])
    private static let unstoredJSONFields = HTTPFields([jsonType] + noStore)

    static let jsonType = HTTPField(name: .contentType, value: "application/json")
    /// RFC 6749 §5.1 asks for both, the second for HTTP/1.0 caches.
    static let noStore = [HTTPField(name: .cacheControl, value: "no-store"), HTTPField(name: .pragma, value: "no-cache")]
}
