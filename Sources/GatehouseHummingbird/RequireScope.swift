import GatehouseClient
import Hummingbird

/// Demands scopes of whoever calls a route. It stands behind ``GatehouseMiddleware``; without one, everybody is refused.
///
/// ```swift
/// router.group().add(middleware: RequireScope("notes:write")).post("notes", use: add)
/// ```
public struct RequireScope<Context: GatehouseRequestContext>: RouterMiddleware {
    private let scopes: [String]

    /// - Parameter scopes: all of them must be held.
    public init(_ scopes: String...) {
        self.scopes = scopes
    }

    /// Hummingbird's part.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let caller = context.caller else { return GatehouseReply.missing.reply(scopes: scopes) }
        guard caller.holds(scopes) else { return GatehouseReply(.insufficientScope(required: scopes)).reply(scopes: scopes) }
        return try await next(request, context)
    }
}
