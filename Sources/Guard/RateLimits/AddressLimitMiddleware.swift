import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// Holds every address to its allowance, before anything else is done for a request. Belongs inside the ``ErrorMiddleware``.
package struct AddressLimitMiddleware: RouterMiddleware {
    package typealias Context = GatehouseContext

    private let limiters: [String: RateLimiter]
    private let fallback: RateLimiter
    private let exempt: Set<String>
    private let clock: any WallClock

    /// - Parameters:
    ///   - limiters: by path, where a path has an allowance of its own.
    ///   - exempt: paths that are limited otherwise, such as those that one proxy asks for everybody.
    package init(limiters: [String: RateLimiter], fallback: RateLimiter, exempt: Set<String> = [], clock: any WallClock) {
        self.limiters = limiters
        self.fallback = fallback
        self.exempt = exempt
        self.clock = clock
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        try pass(request, context)
        return try await next(request, context)
    }

    /// Takes one attempt of the address.
    /// - Throws: `too_many_requests`.
    package func pass(_ request: Request, _ context: Context) throws(OAuthError) {
        let path = request.uri.path
        guard !exempt.contains(path) else { return }
        try (limiters[path] ?? fallback).require(context.limitKey, noting: context.rateLimits, now: clock.now)
    }
}
