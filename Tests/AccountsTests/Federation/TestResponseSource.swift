import Outbound
import Synchronization
import TestKit

/// What a stand-in was asked, and whether it fails.
final class TestResponseSource: Sendable {
    private let state = Mutex<(calls: [OutboundCall], isFailing: Bool)>(([], false))

    init(_ internet: TestInternet) {}

    func note(_ call: OutboundCall) { state.withLock { $0.calls.append(call) } }

    func fail() { state.withLock { $0.isFailing = true } }

    var calls: [OutboundCall] { state.withLock { $0.calls } }

    var isFailing: Bool { state.withLock { $0.isFailing } }
}
