import FoundationEssentials
import OAuthProtocol
import Outbound
import Synchronization
import Web

/// The other servers, as a test makes them up: what their names mean, and what they answer. Calls pass the real guard (`Outbound`); only the
/// resolver and the wire are replaced.
package final class TestInternet: Sendable {
    package typealias Answer = @Sendable (OutboundCall) async throws -> OutboundAnswer

    private struct State {
        var hosts: [String: Answer] = [:]
        var addresses: [String: [String]] = [:]
        var lookUps: [String] = []
        var calls: [(url: String, pinned: String)] = []
    }

    package static let publicAddress = "93.184.215.14"

    private let state = Mutex(State())

    package init() {}

    package func add(_ host: String, _ answer: @escaping Answer) { state.withLock { $0.hosts[host] = answer } }

    package func add(_ provider: TestProvider) { add(provider.host, provider.answer) }

    /// What a name means from now on: with each look-up the next of them, the last for good.
    package func setAddresses(_ addresses: [String], of host: String) { state.withLock { $0.addresses[host] = addresses } }

    /// Every call that was let through, with the address that it was connected to.
    package var calls: [(url: String, pinned: String)] { state.withLock { $0.calls } }

    package var lookUps: [String] { state.withLock { $0.lookUps } }

    package func outbound(_ settings: OutboundSettings = OutboundSettings()) -> Outbound {
        Outbound(settings, names: { [self] in try resolve($0) }, exchange: { [self] in try await exchange($0) })
    }

    private func resolve(_ host: String) throws -> [AddressNumber] {
        let address = state.withLock { state in
            state.lookUps.append(host)
            guard var known = state.addresses[host], let first = known.first else { return Self.publicAddress }
            if known.count > 1 {
                known.removeFirst()
                state.addresses[host] = known
            }
            return first
        }
        return [AddressNumber(parsing: address)].compactMap(\.self)
    }

    private func exchange(_ call: OutboundCall) async throws -> OutboundAnswer {
        let answer = state.withLock { state in
            state.calls.append((call.url, call.pinned))
            return state.hosts[call.host]
        }
        guard let answer else { throw OutboundError.unreachable }
        return try await answer(call)
    }
}
