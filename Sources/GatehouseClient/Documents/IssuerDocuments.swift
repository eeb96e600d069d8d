import FoundationEssentials
import OAuthProtocol
import Runtime

/// What the server publishes: where its endpoints are (RFC 8414, OpenID Connect Discovery §4) and its keys (RFC 7517).
struct IssuerDocuments: Sendable {
    struct Endpoints: Sendable {
        let keys: String
        let token: String
        let introspection: String?
    }

    let address: IssuerAddress
    private let endpointsCache: DocumentCache<Endpoints>
    private let keysCache: DocumentCache<IssuerKeys>

    init(_ address: IssuerAddress, transport: Transport, options: GatehouseOptions) {
        self.address = address
        let ageMax = options.keysAgeMax
        let endpointsCache = DocumentCache<Endpoints>(staleMax: options.keysStaleMax, pause: options.keysPause) {
            let answer = try await Self.get(address.uri("/.well-known/openid-configuration"), transport)
            let json = try? JSONValue(parsing: answer.body, bytesMax: options.answerBytesMax)
            return (try Self.endpoints(json ?? .null, address), Self.lifetime(answer, ageMax: ageMax))
        }
        self.endpointsCache = endpointsCache
        keysCache = DocumentCache<IssuerKeys>(staleMax: options.keysStaleMax, pause: options.keysPause) {
            let endpoints = try await endpointsCache.document(now: options.present)
            let answer = try await Self.get(endpoints.keys, transport)
            guard let set = try? JWKSet(parsing: answer.body, bytesMax: options.answerBytesMax) else {
                throw GatehouseError.unavailable("its key set can't be read")
            }
            return (IssuerKeys(set), Self.lifetime(answer, ageMax: ageMax))
        }
    }

    func endpoints(now: Date) async throws -> Endpoints { try await endpointsCache.document(now: now) }

    func keys(now: Date) async throws -> IssuerKeys { try await keysCache.document(now: now) }

    /// Newer keys than those at hand, at most once in a while.
    func renewedKeys(now: Date) async throws -> IssuerKeys? { try await keysCache.renewed(now: now) }

    private static func get(_ uri: String, _ transport: Transport) async throws -> TransportAnswer {
        let answer = try await transport.send(TransportCall(uri: uri))
        guard answer.status == 200 else { throw GatehouseError.unavailable("status \(answer.status) for a public document") }
        return answer
    }

    private static func endpoints(_ json: JSONValue, _ address: IssuerAddress) throws -> Endpoints {
        // Discovery §4.3, RFC 8414 §3.3: exactly the issuer that was asked for, or another server's keys would be believed.
        guard let issuer = json["issuer"]?.string, issuer.utf8.elementsEqual(address.issuer.utf8) else {
            throw GatehouseError.unavailable("its discovery document is not that of the issuer")
        }
        guard let keys = json["jwks_uri"]?.string, let token = json["token_endpoint"]?.string else {
            throw GatehouseError.unavailable("its discovery document names no keys or no token endpoint")
        }
        return Endpoints(
            keys: try address.uri(named: keys), token: try address.uri(named: token),
            introspection: try json["introspection_endpoint"]?.string.map { try address.uri(named: $0) })
    }

    /// `max-age` (RFC 9111 §5.2.2.1), a minute at least and `ageMax` at most.
    static func lifetime(_ answer: TransportAnswer, ageMax: Duration) -> Duration {
        for directive in (answer.cacheControl ?? "").split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix { $0 == " " } }
            guard parts.count == 2, parts[0].lowercased() == "max-age", let seconds = Int(parts[1].filter { $0 != "\"" && $0 != " " })
            else {
                continue
            }
            return min(ageMax, .seconds(max(60, min(seconds, 86_400))))
        }
        return ageMax
    }
}
