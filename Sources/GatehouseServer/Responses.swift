import Audit
import FoundationEssentials
import Gateway
import Guard
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Runtime
import Web

/// From a request on a connection to its answer.
///
/// The endpoints that machines call all the time are found by their exact path, since the router's search and its middlewares, each a closure
/// around the next, cost as much as the rest of a short answer. They pass the same four steps, called in order. Everything else, other
/// methods of those paths included, goes through the router.
package struct Responses: HTTPResponder {
    package typealias Context = GatehouseContext

    private struct DirectRoute {
        let method: HTTPRequest.Method
        let isCrossOrigin: Bool
        let handler: Routes.Handler
    }

    private let direct: [String: [DirectRoute]]
    private let forwardAuth: ForwardAuthEndpoint
    private let proxies: ProxyTrust?
    private let tally: AuditTally
    private let router: RouterResponder<GatehouseContext>
    private let headers: ResponseHeadersMiddleware
    private let origins: CrossOriginMiddleware
    private let addresses: AddressLimitMiddleware
    private let errors = ErrorMiddleware(.json)
    private let logger: Logger
    private let clock: any WallClock
    private let date = ResponseDate()

    package init(_ wiring: Wiring) {
        let endpoints = Endpoints(wiring)
        forwardAuth = wiring.forwardAuth
        proxies = wiring.parts.proxies
        tally = wiring.tally
        headers = ResponseHeadersMiddleware(site: wiring.parts.site)
        let origins = Routes.crossOrigin(wiring)
        self.origins = origins
        addresses = Routes.addresses(wiring)
        router = Routes.make(wiring, endpoints, headers, origins, addresses).buildResponder()
        direct = Dictionary(
            grouping: Routes.machines(endpoints), by: \.path
        ).mapValues { routes in
            routes.map { DirectRoute(method: $0.method, isCrossOrigin: origins.isCrossOrigin($0.path), handler: $0.handler) }
        }
        logger = wiring.parts.logger
        clock = wiring.parts.clock
    }

    /// The context with what a trusted proxy says about the client.
    private func believed(_ request: Request, _ context: GatehouseContext) -> GatehouseContext {
        guard let proxies else { return context }
        var context = context
        for refusal in context.believe(proxies, request.headers) {
            tally.count(.proxyFieldRefused, clientID: nil, reason: refusal.rawValue)
        }
        return context
    }

    /// A request that came by a connection.
    func respond(_ request: Request, _ channel: any Channel) async -> Response {
        await respond(
            to: request, context: GatehouseContext(source: ApplicationRequestContextSource(channel: channel, logger: logger)))
    }

    package func respond(to request: Request, context: GatehouseContext) async -> Response {
        var response: Response
        // The door's proxies are listed apart, and speak of the requests that they hold.
        let isForDoor = forwardAuth.isMeant(by: request.head)
        let context = isForDoor ? context : believed(request, context)
        if isForDoor {
            // Whatever the method: Envoy asks with the one of the request that it holds. The proxy itself is asking, whomever it speaks for.
            response = await forwardAuth.answer(request.head, from: context.peerAddress, now: clock.now)
            // What is no pass may go on to the client.
            if response.status != .ok { headers.markMachine(&response) }
            if request.method == .head { response = response.createHeadResponse() }
        } else if let route = direct[request.uri.path]?.first(where: { $0.method == request.method }) {
            do {
                try addresses.pass(request, context)
                response = try await route.handler(request, context)
            } catch {
                response = errors.answer(error, request, context)
            }
            if route.isCrossOrigin { await origins.mark(&response, request) }
            headers.markMachine(&response)
        } else {
            do {
                response = try await router.respond(to: request, context: context)
            } catch {
                // Whatever an endpoint throws, ErrorMiddleware has answered.
                logger.error("an error passed every middleware", metadata: ["request": "\(context.requestID)", "error": "\(error)"])
                response = Response(status: .internalServerError)
            }
        }
        context.rateLimits.closest?.append(to: &response.headers)
        // RFC 9110 §6.6.1
        response.headers.append(HTTPField(name: .date, value: date.text(clock.now)))
        return response
    }
}
