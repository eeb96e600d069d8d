import HTTPTypes
import Hummingbird

/// Puts the security headers on every answer, also on errors and on what isn't found.
///
/// An answer that brings its own Content-Security-Policy (a page) keeps it, and its own Referrer-Policy with it. The fields are made once; a request costs
/// one look through the answer's few fields and one append.
package struct ResponseHeadersMiddleware: RouterMiddleware {
    package typealias Context = GatehouseContext

    private let shared: [HTTPField]
    private let machine: [HTTPField]

    package init(site: Site) {
        var shared = [
            HTTPField(name: .xContentTypeOptions, value: "nosniff"),
            HTTPField(name: .xFrameOptions, value: "DENY"),
            HTTPField(name: .crossOriginResourcePolicy, value: "same-origin"),
            HTTPField(
                name: .permissionsPolicy,
                value: "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"),
        ]
        if site.isSecure { shared.append(HTTPField(name: .strictTransportSecurity, value: site.transportSecurity)) }
        self.shared = shared
        machine =
            shared + [
                HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"),
                HTTPField(name: .referrerPolicy, value: "no-referrer"),
            ]
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if response.headers.contains(.contentSecurityPolicy) {
            response.headers.append(contentsOf: shared)
        } else {
            markMachine(&response)
        }
        return response
    }

    /// Puts them on an answer that is known to be no page.
    package func markMachine(_ response: inout Response) {
        response.headers.append(contentsOf: machine)
    }
}
