import FoundationEssentials
import Synchronization

/// Counts observations that happen too often for a row each (a token signed, a key checked) and gives them to the audit log once a second.
///
/// Memory is bounded: beyond ``clientsMax`` distinct clients between two flushes, the rest are counted together under no client.
package final class AuditTally: Sendable {
    package static let clientsMax = 10_000

    private struct Key: Hashable {
        let kind: AuditEvent.Kind
        let clientID: String?
        let reason: String?
    }

    private let counts = Mutex<[Key: Int]>([:])

    package init() {}

    /// - Parameter reason: why, from a closed list.
    package func count(_ kind: AuditEvent.Kind, clientID: String?, reason: String? = nil) {
        counts.withLock { counts in
            let key = Key(kind: kind, clientID: clientID, reason: reason)
            if counts[key] != nil || counts.count < Self.clientsMax {
                counts[key, default: 0] += 1
            } else {
                counts[Key(kind: kind, clientID: nil, reason: reason), default: 0] += 1
            }
        }
    }

    /// Takes what has been counted since the last call.
    package func take() -> [AuditEvent] {
        let taken = counts.withLock { counts in
            defer { counts.removeAll(keepingCapacity: true) }
            return counts
        }
        return taken.map { key, count in
            var event = AuditEvent(key.kind, clientID: key.clientID, detail: ["count": "\(count)"])
            event.detail["reason"] = key.reason
            return event
        }
    }

    /// Puts back what could not be written.
    package func restore(_ events: [AuditEvent]) {
        counts.withLock { counts in
            for event in events {
                let key = Key(kind: event.kind, clientID: event.clientID, reason: event.detail["reason"])
                counts[key, default: 0] += event.detail["count"].flatMap { Int($0) } ?? 0
            }
        }
    }
}
