/// A call to another server.
package struct OutboundRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var method: Method
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// A larger answer is refused.
    package var bytesMax: Int

    package init(
        _ method: Method = .get, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil, bytesMax: Int = 65_536
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.bytesMax = bytesMax
    }
}

/// What came back, whatever its status.
package struct OutboundAnswer: Sendable {
    package let status: Int
    package let contentType: String?
    package let cacheControl: String?
    package let body: [UInt8]

    package init(status: Int, contentType: String? = nil, cacheControl: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.cacheControl = cacheControl
        self.body = body
    }
}
