import Hummingbird
import Logging
import NIOHTTP1
import OAuthProtocol
import Runtime

/// Every error leaves through here: as JSON on the paths of machines, as a page on those of people.
package struct ErrorMiddleware: RouterMiddleware {
    package typealias Context = GatehouseContext

    /// How a group of routes tells its errors.
    package enum Style: Sendable {
        /// Always JSON (RFC 6749 §5.2).
        case json
        /// Always a page.
        case page(Pages)
        /// A page for who accepts HTML, JSON for everyone else: for addresses that belong to no group, such as what isn't found.
        case either(Pages)
    }

    private let style: Style
    private let randomness: any Randomness

    /// - Parameter randomness: for the trace of a request that brings none, when something about it is logged.
    package init(_ style: Style, randomness: any Randomness = SystemRandomness()) {
        self.style = style
        self.randomness = randomness
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // The request is not HTTP: the server answers that itself and closes the connection.
            throw error
        } catch {
            return answer(error, request, context)
        }
    }

    /// What the client sees of an error; the rest is logged.
    package func answer(_ error: any Error, _ request: Request, _ context: Context) -> Response {
        let refusal = ErrorReply.classify(error)
        log(refusal, context)
        return reply(refusal, request, context)
    }

    private func reply(_ error: OAuthError, _ request: Request, _ context: Context) -> Response {
        switch style {
        case .page(let pages): ErrorReply.page(error, pages: pages, requestID: context.requestID)
        case .either(let pages) where acceptsPages(request): ErrorReply.page(error, pages: pages, requestID: context.requestID)
        case .json, .either: ErrorReply.json(error)
        }
    }

    private func acceptsPages(_ request: Request) -> Bool {
        request.headers[.accept]?.contains("text/html") ?? false
    }

    /// The private reason goes here and nowhere else.
    private func log(_ error: OAuthError, _ context: Context) {
        let level: Logger.Level = error.status >= 500 ? (error.code == .serverError ? .error : .warning) : .debug
        guard level >= context.logger.logLevel else { return }
        var metadata = context.logMetadata(randomness)
        metadata["status"] = "\(error.status)"
        metadata["description"] = "\(error.publicDescription)"
        metadata["reason"] = "\(error.privateReason ?? "-")"
        context.logger.log(level: level, "\(error.code.rawValue)", metadata: metadata)
    }
}
