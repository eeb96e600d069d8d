import Hummingbird
import Runtime
import Web

/// Brings every request below `/gateway/check/` to the door, whatever its method: Envoy asks with the method of the original request.
package struct ForwardAuthMiddleware: RouterMiddleware {
    package typealias Context = GatehouseContext

    private let endpoint: ForwardAuthEndpoint
    private let clock: any WallClock

    package init(_ endpoint: ForwardAuthEndpoint, clock: any WallClock) {
        self.endpoint = endpoint
        self.clock = clock
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.string.utf8.starts(with: ForwardAuthEndpoint.pathPrefix.utf8) else { return try await next(request, context) }
        let response = await endpoint.answer(request.head, from: context.peerAddress, now: clock.now)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
