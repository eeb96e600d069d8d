import Audit
import FoundationEssentials
import Gateway
import Guard
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuthProtocol
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
        /// Its place in the metrics.
        let endpoint: Int
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
    private let randomness: any Randomness
    private let date = ResponseDate()
    private let health: HealthEndpoint
    private let healthEndpoints: [String: Int]
    private let doorEndpoint: Int
    /// What has been answered, and how fast.
    package let requests: MetricRequests

    /// - Parameter shared: counts that several of these add to.
    package init(_ wiring: Wiring, requests shared: MetricRequests? = nil) {
        let endpoints = Endpoints(wiring)
        forwardAuth = wiring.forwardAuth
        proxies = wiring.parts.proxies
        tally = wiring.tally
        headers = ResponseHeadersMiddleware(site: wiring.parts.site)
        let origins = Routes.crossOrigin(wiring)
        self.origins = origins
        addresses = Routes.addresses(wiring)
        let routes = Routes.make(wiring, endpoints, headers, origins, addresses)
        let healthPaths = [HealthEndpoint.livePath, HealthEndpoint.readyPath]
        let requests =
            shared
            ?? MetricRequests(
                endpoints: routes.routes.map(\.path.description) + Routes.machines(endpoints).map(\.path) + healthPaths
                    + [ForwardAuthEndpoint.pathPrefix])
        self.requests = requests
        router = routes.buildResponder()
        direct = Dictionary(
            grouping: Routes.machines(endpoints), by: \.path
        ).mapValues { routes in
            routes.map {
                DirectRoute(
                    method: $0.method, isCrossOrigin: origins.isCrossOrigin($0.path), endpoint: requests.number(of: $0.path),
                    handler: $0.handler)
            }
        }
        health = HealthEndpoint(wiring.health)
        healthEndpoints = Dictionary(uniqueKeysWithValues: healthPaths.map { ($0, requests.number(of: $0)) })
        doorEndpoint = requests.number(of: ForwardAuthEndpoint.pathPrefix)
        logger = wiring.parts.logger
        clock = wiring.parts.clock
        randomness = wiring.parts.randomness
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
        let begunAt = MonotonicClock.nanoseconds
        requests.begin()
        // More than one is none (W3C Trace Context §3.2.1).
        if let parent = request.headers[.traceParent], request.headers[values: .traceParent].count == 1 {
            context.notes.note(traceParent: parent)
        }
        var endpoint = 0
        let response = await answer(request, context, &endpoint)
        let nanoseconds = MonotonicClock.nanoseconds - begunAt
        requests.end(endpoint, request.method, context.notes.caller, response.status.code, nanoseconds: nanoseconds)
        if logger.logLevel <= .debug { log(request, context, response, endpoint, nanoseconds) }
        return response
    }

    /// The request names a host that is none of ours.
    func misdirected(_ request: Request, _ context: GatehouseContext) -> Response {
        requests.begin()
        let error = OAuthError(.misdirected, "This server is not known by the host that the request names.")
        var response = errors.answer(error, request, context)
        headers.markMachine(&response)
        response.headers.append(HTTPField(name: .date, value: date.text(clock.now)))
        requests.end(0, request.method, .nobody, response.status.code, nanoseconds: 0)
        return response
    }

    /// The pattern, not the path: a path may hold what somebody typed.
    private func log(_ request: Request, _ context: GatehouseContext, _ response: Response, _ endpoint: Int, _ nanoseconds: Int) {
        var metadata = context.logMetadata(randomness)
        metadata["endpoint"] = "\(requests.name(of: endpoint))"
        metadata["method"] = "\(request.method.rawValue.prefix(32))"
        metadata["status"] = "\(response.status.code)"
        metadata["microseconds"] = "\(nanoseconds / 1_000)"
        metadata["client"] = "\(context.notes.caller.label)"
        logger.debug("answered", metadata: metadata)
    }

    private func answer(_ request: Request, _ context: GatehouseContext, _ endpoint: inout Int) async -> Response {
        var response: Response
        // The door's proxies are listed apart, and speak of the requests that they hold.
        let isForDoor = forwardAuth.isMeant(by: request.head)
        let context = isForDoor ? context : believed(request, context)
        if isForDoor {
            endpoint = doorEndpoint
            context.notes.note(.proxy)
            // Whatever the method: Envoy asks with the one of the request that it holds. The proxy itself is asking, whomever it speaks for.
            response = await forwardAuth.answer(request.head, from: context.peerAddress, now: clock.now)
            // What is no pass may go on to the client.
            if response.status != .ok { headers.markMachine(&response) }
            if request.method == .head { response = response.createHeadResponse() }
        } else if let route = direct[request.uri.path]?.first(where: { $0.method == request.method }) {
            endpoint = route.endpoint
            do {
                try addresses.pass(request, context)
                response = try await route.handler(request, context)
            } catch {
                response = errors.answer(error, request, context)
            }
            if route.isCrossOrigin { await origins.mark(&response, request) }
            headers.markMachine(&response)
        } else if request.method == .get || request.method == .head, let number = healthEndpoints[request.uri.path] {
            endpoint = number
            response = request.uri.path == HealthEndpoint.livePath ? health.live() : await health.ready()
            headers.markMachine(&response)
            if request.method == .head { response = response.createHeadResponse() }
        } else {
            response = await route(request, context)
            endpoint = requests.number(of: context.endpointPath)
            if context.notes.caller == .nobody, request.headers.contains(.cookie) { context.notes.note(.browser) }
        }
        context.rateLimits.closest?.append(to: &response.headers)
        // RFC 9110 §6.6.1
        response.headers.append(HTTPField(name: .date, value: date.text(clock.now)))
        return response
    }

    private func route(_ request: Request, _ context: GatehouseContext) async -> Response {
        do {
            return try await router.respond(to: request, context: context)
        } catch {
            // Whatever an endpoint throws, ErrorMiddleware has answered.
            var metadata = context.logMetadata(randomness)
            metadata["error"] = "\(error)"
            logger.error("an error passed every middleware", metadata: metadata)
            return Response(status: .internalServerError)
        }
    }
}
