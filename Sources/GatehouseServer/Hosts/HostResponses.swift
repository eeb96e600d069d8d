import Gateway
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuthProtocol
import Web

/// Answers under each address that this server is known by.
///
/// Where it has one address only, `Host` is not looked at, as nothing depends on it. Where it has several, each request is answered as by a server
/// of that address, and one for any other is refused (RFC 9110 §15.5.20): a `Host` that somebody made up never reaches a link or a token.
/// Health and the door's questions come from the machine's own network, and by whatever name.
package struct HostResponses: HTTPResponder {
    package typealias Context = GatehouseContext

    /// The first of the issuers.
    package let main: Responses
    /// By host and port as clients write them; empty where there is one address only.
    private let others: [String: Responses]
    private let known: Set<String>
    private let logger: Logger

    package init(_ wiring: Wiring) {
        let main = Responses(wiring)
        self.main = main
        logger = wiring.parts.logger
        var others: [String: Responses] = [:]
        for relative in wiring.relatives {
            let responses = Responses(relative, requests: main.requests)
            for name in Self.names(relative.parts.site.issuer) { others[name] = responses }
        }
        for address in wiring.parts.backChannelURLs {
            let responses = Responses(wiring.reached(at: address), requests: main.requests)
            for name in Self.names(address) { others[name] = responses }
        }
        self.others = others
        known = Set(Self.names(wiring.parts.site.issuer) + (wiring.parts.oauth.mutualTLSURL.map(Self.names) ?? []))
    }

    /// A request that came by a connection.
    func respond(_ request: Request, _ channel: any Channel) async -> Response {
        guard !others.isEmpty else { return await main.respond(request, channel) }
        return await respond(
            to: request, context: GatehouseContext(source: ApplicationRequestContextSource(channel: channel, logger: logger)))
    }

    package func respond(to request: Request, context: GatehouseContext) async -> Response {
        guard !others.isEmpty, !isFromWithin(request) else { return await main.respond(to: request, context: context) }
        let host = (request.head.authority ?? "").lowercased()
        if known.contains(host) { return await main.respond(to: request, context: context) }
        guard let responses = others[host] else { return main.misdirected(request, context) }
        return await responses.respond(to: request, context: context)
    }

    private func isFromWithin(_ request: Request) -> Bool {
        let path = request.uri.path
        return path.hasPrefix(ForwardAuthEndpoint.pathPrefix) || path == HealthEndpoint.livePath || path == HealthEndpoint.readyPath
    }

    /// Host and port of an address as `Host` may have them: the scheme's own port may be left out (RFC 9110 §4.2.3).
    private static func names(_ address: String) -> [String] {
        let site = Site(issuer: address)
        guard let start = site.origin.firstRange(of: "://")?.upperBound else { return [] }
        let authority = String(site.origin[start...])
        let hasPort = authority.last != "]" && authority.split(separator: "]").last?.contains(":") == true
        return hasPort ? [authority] : [authority, authority + (site.isSecure ? ":443" : ":80")]
    }
}
