import Credentials
import Foundation

extension Credential {
    /// One line of a list: id, kind, owner, name, scopes, state.
    func line(kind: String, now: Date) -> String {
        let isOver = terms.expiresAt.map { $0 <= now } ?? false
        let state = revokedAt != nil ? "revoked" : isOver ? "expired" : "active"
        return "\(id)  \(kind)  \(subject)  \(terms.name)  [\(terms.scopes)]  \(state)"
    }
}
