import HTTPTypes
import Hummingbird
import OAuthProtocol

extension RouterMethods where Context == GatehouseContext {
    /// Answers the methods that a path doesn't serve with 405 and `Allow` (RFC 9110 §15.5.6) instead of 404.
    /// What answers GET answers HEAD (RFC 9110 §9.1: both must be supported).
    package func refuseOtherMethods(_ path: RouterPath, than served: HTTPRequest.Method...) {
        let methods = served.flatMap { $0 == .get ? [.get, .head] : [$0] }
        let allow = HTTPField(name: .allow, value: methods.map(\.rawValue).joined(separator: ", "))
        let all: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        // HEAD comes with GET (RFC 9110 §9.1).
        for method in all where !methods.contains(method) && !(method == .head && methods.contains(.get)) {
            on(path, method: method) { _, _ -> Response in
                var response = ErrorReply.json(.methodNotAllowed())
                response.headers.append(allow)
                return response
            }
        }
    }
}
