import HTTPTypes
import Hummingbird

/// Lets scripts of registered origins call the machine endpoints (the CORS protocol, WHATWG Fetch §3.2).
///
/// A preflight names no client, so any registered origin passes it. Credentials are never allowed: tokens travel in headers and bodies, not in cookies.
/// Belongs on the router itself, since a preflight's OPTIONS has no route of its own.
package struct CrossOriginMiddleware: RouterMiddleware {
    package typealias Context = GatehouseContext

    private let paths: Set<String>
    private let prefixes: [String]
    private let isRegisteredOrigin: @Sendable (String) async -> Bool

    /// - Parameters:
    ///   - paths: The exact paths that scripts may call.
    ///   - prefixes: Beginnings of further such paths.
    ///   - isRegisteredOrigin: Whether a client registered a redirect URI of this origin.
    package init(
        paths: Set<String>, prefixes: [String] = [], isRegisteredOrigin: @escaping @Sendable (String) async -> Bool
    ) {
        self.prefixes = prefixes
        self.paths = paths
        self.isRegisteredOrigin = isRegisteredOrigin
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard isCrossOrigin(request.uri.path) else { return try await next(request, context) }
        if request.method == .options, request.headers.contains(.accessControlRequestMethod) {
            return preflight(await allowedOrigin(request))
        }
        var response = try await next(request, context)
        await mark(&response, request)
        return response
    }

    /// Says on an answer whose path scripts may call who may read it.
    package func mark(_ response: inout Response, _ request: Request) async {
        // Caches must not hand one origin's answer to another, so Vary is there even when Origin isn't.
        response.headers.append(Self.vary)
        guard let allowed = await allowedOrigin(request) else { return }
        response.headers.append(HTTPField(name: .accessControlAllowOrigin, value: allowed))
        response.headers.append(Self.exposed)
    }

    private func allowedOrigin(_ request: Request) async -> String? {
        guard let origin = request.headers[.origin], origin.utf8.count <= Self.originBytesMax, origin != "null",
            await isRegisteredOrigin(origin)
        else { return nil }
        return origin
    }

    package func isCrossOrigin(_ path: String) -> Bool {
        paths.contains(path) || prefixes.contains { path.hasPrefix($0) }
    }

    private func preflight(_ allowed: String?) -> Response {
        var headers: HTTPFields = [:]
        headers.append(Self.vary)
        if let allowed {
            headers.append(HTTPField(name: .accessControlAllowOrigin, value: allowed))
            headers.append(HTTPField(name: .accessControlAllowMethods, value: "GET, POST, PUT, DELETE"))
            headers.append(HTTPField(name: .accessControlAllowHeaders, value: "Authorization, Content-Type, DPoP"))
            headers.append(HTTPField(name: .accessControlMaxAge, value: "600"))
        }
        return Response(status: .noContent, headers: headers)
    }

    private static let originBytesMax = 300
    private static let vary = HTTPField(name: .vary, value: "Origin")
    private static let exposed = HTTPField(
        name: .accessControlExposeHeaders, value: "WWW-Authenticate, DPoP-Nonce, Retry-After, RateLimit, RateLimit-Policy")
}
