import Runtime
import Synchronization
import Web

/// Calls to other servers, at addresses that strangers may have a say in: within time and size, over https, without redirects, and never to
/// this machine or the network around it. A name is looked up once; what it means then is judged, and connected to.
package final class Outbound: Sendable {
    /// Looks a name up.
    package typealias Names = @Sendable (_ host: String) async throws -> [AddressNumber]
    /// Makes a judged call.
    package typealias Exchange = @Sendable (OutboundCall) async throws -> OutboundAnswer

    /// Addresses of one name that are tried.
    private static let attemptsMax = 3

    package let settings: OutboundSettings
    private let names: Names
    private let exchange: Exchange
    /// Calls under way, by host.
    private let calls = Mutex<[String: Int]>([:])

    package init(
        _ settings: OutboundSettings = OutboundSettings(), names: @escaping Names = OutboundNames.resolve,
        exchange: @escaping Exchange = OutboundExchange.perform
    ) {
        self.settings = settings
        self.names = names
        self.exchange = exchange
    }

    /// - Returns: the answer, whatever its status but a redirect.
    /// - Throws: ``OutboundError``.
    package func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundAnswer {
        let address = try OutboundAddress(parsing: request.url, allowsHTTP: settings.allowsHTTP)
        guard begin(address.host) else { throw .busy }
        let slot = OutboundSlot { self.end(address.host) }
        defer { slot.release() }
        do {
            return try await withinTime { try await self.perform(request, at: address, slot: slot) }
        } catch let error as OutboundError {
            throw error
        } catch {
            throw .unreachable
        }
    }

    /// Whether a browser may be sent to an address: the scheme rule alone, since it is the browser that connects.
    package func allows(browserTo url: String) -> Bool {
        (try? OutboundAddress(parsing: url, allowsHTTP: settings.allowsHTTP)) != nil
    }

    private func begin(_ host: String) -> Bool {
        calls.withLock { calls in
            guard calls.values.reduce(0, +) < settings.callsMax, calls[host, default: 0] < settings.callsPerHostMax else { return false }
            calls[host, default: 0] += 1
            return true
        }
    }

    private func end(_ host: String) {
        calls.withLock { calls in
            let left = (calls[host] ?? 1) - 1
            calls[host] = left > 0 ? left : nil
        }
    }

    private func perform(_ request: OutboundRequest, at address: OutboundAddress, slot: OutboundSlot) async throws -> OutboundAnswer {
        let found = try await numbers(of: address, slot: slot)
        guard !found.isEmpty else { throw OutboundError.unknownName }
        // One that leads inside is enough: which of them a connection would meet is chance.
        guard settings.allowsPrivate || !found.contains(where: PrivateAddresses.contains) else { throw OutboundError.privateAddress }
        for number in found.prefix(Self.attemptsMax) {
            do {
                return try await exchange(
                    OutboundCall(
                        request: request, url: address.url, host: address.host, pinned: number.description,
                        connectTimeMax: settings.connectTimeMax))
            } catch is OutboundExchange.NotConnected {
                continue
            }
        }
        throw OutboundError.unreachable
    }

    private func numbers(of address: OutboundAddress, slot: OutboundSlot) async throws -> [AddressNumber] {
        if let number = address.number { return [number] }
        // The system's resolver can't be interrupted, and whoever waits for it must not wait longer than for everything else: a stream ends
        // with the task that reads it.
        let (answers, answer) = AsyncThrowingStream.makeStream(of: [AddressNumber].self)
        // It goes on when nobody waits any more, on one of few threads: until its end the call counts as under way.
        slot.hold()
        Task { [names] in
            defer { slot.release() }
            do {
                answer.yield(try await names(address.host))
                answer.finish()
            } catch {
                answer.finish(throwing: (error as? OutboundError) ?? .unknownName)
            }
        }
        for try await found in answers { return found }
        throw OutboundError.tooLate
    }

    private func withinTime(_ body: @escaping @Sendable () async throws -> OutboundAnswer) async throws -> OutboundAnswer {
        let timeMax = settings.timeMax
        return try await withThrowingTaskGroup(of: OutboundAnswer.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeMax)
                throw OutboundError.tooLate
            }
            guard let first = try await group.next() else { throw OutboundError.unreachable }
            return first
        }
    }
}
