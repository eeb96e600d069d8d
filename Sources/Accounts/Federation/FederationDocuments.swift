import FoundationEssentials
import OAuthProtocol
import Outbound
import Runtime
import Synchronization

/// What providers publish – metadata and keys – as far as it is in memory.
package final class FederationDocuments: Sendable {
    /// Bounds what a key set costs to read; the largest ones in use have some ten keys.
    static let keysBytesMax = 131_072

    private struct Entry {
        let provider: FederationProvider
        let endpoints: FederationDocument<FederationEndpoints>
        let keys: FederationDocument<JWKSet>
    }

    private let outbound: Outbound
    private let entries = Mutex<[String: Entry]>([:])

    package init(outbound: Outbound) {
        self.outbound = outbound
    }

    func endpoints(_ provider: FederationProvider, now: Date) async throws(FederationFailure) -> FederationEndpoints {
        if provider.kind == .oauth {
            guard let endpoints = FederationEndpoints(provider) else { throw .unavailable("endpoints missing") }
            return endpoints
        }
        return try await entry(provider).endpoints.value(now: now)
    }

    func keys(_ provider: FederationProvider, now: Date) async throws(FederationFailure) -> JWKSet {
        let entry = entry(provider)
        // Where the keys are stands there.
        _ = try await entry.endpoints.value(now: now)
        return try await entry.keys.value(now: now)
    }

    /// Newer keys than those at hand, at most once in half a minute.
    func renewedKeys(_ provider: FederationProvider, now: Date) async throws(FederationFailure) -> JWKSet {
        try await entry(provider).keys.renewed(now: now)
    }

    private func entry(_ provider: FederationProvider) -> Entry {
        entries.withLock { entries in
            // What was read for other settings is another provider's.
            if let held = entries[provider.id], held.provider == provider { return held }
            let made = make(provider)
            entries[provider.id] = made
            return made
        }
    }

    private func make(_ provider: FederationProvider) -> Entry {
        let outbound = outbound
        let endpoints = FederationDocument<FederationEndpoints>(
            ageMax: .hours(1), staleMax: .hours(24), pause: .seconds(5), what: "metadata"
        ) {
            guard let issuer = provider.issuer else { throw FederationFailure.unavailable("issuer missing") }
            let separator = issuer.hasSuffix("/") ? "" : "/"
            let body = try await Self.get(
                "\(issuer)\(separator).well-known/openid-configuration", bytesMax: FederationEndpoints.bytesMax, outbound)
            return try FederationEndpoints(parsing: body, for: provider, outbound: outbound)
        }
        // A key that the provider has taken back is believed for no longer than this; the pause is what an unknown `kid` can cost.
        let keys = FederationDocument<JWKSet>(ageMax: .minutes(10), staleMax: .minutes(50), pause: .seconds(30), what: "keys") {
            guard let address = endpoints.latest?.keys else { throw FederationFailure.unavailable("keys: no address") }
            let body = try await Self.get(address, bytesMax: Self.keysBytesMax, outbound)
            do { return try JWKSet(parsing: body, bytesMax: Self.keysBytesMax) } catch {
                throw FederationFailure.unavailable("keys: not a key set")
            }
        }
        return Entry(provider: provider, endpoints: endpoints, keys: keys)
    }

    private static func get(_ url: String, bytesMax: Int, _ outbound: Outbound) async throws -> [UInt8] {
        let answer = try await outbound.send(OutboundRequest(.get, url, headers: [("Accept", "application/json")], bytesMax: bytesMax))
        guard answer.status == 200 else { throw FederationFailure.unavailable("document: status \(answer.status)") }
        return answer.body
    }
}
