import Synchronization
import Web

/// Which addresses are those of our proxies: asked at every check, so what was judged once is kept.
final class ForwardAuthProxies: Sendable {
    private static let rememberedMax = 1_000

    private let networks: [AddressNetwork]
    private let judged = Mutex<[String: Bool]>([:])

    init(_ networks: [AddressNetwork]) {
        self.networks = networks
    }

    /// - Parameter address: numeric; anything else is nobody's.
    func contains(_ address: String) -> Bool {
        if let isOurs = judged.withLock({ $0[address] }) { return isOurs }
        let isOurs = networks.contains { $0.contains(address) }
        judged.withLock { judged in
            if judged.count >= Self.rememberedMax { judged.removeAll(keepingCapacity: true) }
            judged[address] = isOurs
        }
        return isOurs
    }
}
