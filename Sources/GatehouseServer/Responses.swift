import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
import Runtime
import Synchronization
import Web

/// From a request on a connection to its answer: context, router, date.
struct Responses: Sendable {
    private let router: RouterResponder<GatehouseContext>
    private let logger: Logger
    private let clock: any WallClock
    private let date = ResponseDate()

    init(_ wiring: Wiring) {
        router = Routes.make(wiring).buildResponder()
        logger = wiring.parts.logger
        clock = wiring.parts.clock
    }

    func respond(_ request: Request, _ channel: any Channel) async -> Response {
        let context = GatehouseContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        var response: Response
        do {
            response = try await router.respond(to: request, context: context)
        } catch {
            // Whatever an endpoint throws, ErrorMiddleware has answered.
            logger.error("an error passed every middleware", metadata: ["request": "\(context.requestID)", "error": "\(error)"])
            response = Response(status: .internalServerError)
        }
        // RFC 9110 §6.6.1
        response.headers[.date] = date.text(clock.now)
        return response
    }
}
