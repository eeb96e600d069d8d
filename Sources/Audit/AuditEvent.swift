import FoundationEssentials

/// Something that happened and must stay known: who did what, to whom, from where.
///
/// Written in the transaction that it describes, so that there is never a change without its event nor an event without its change.
package struct AuditEvent: Sendable {
    /// What happened, as `noun.verb`: a closed list, so that a report can group by it.
    package struct Kind: Sendable, Hashable {
        package let name: String

        package init(_ name: StaticString) { self.name = "\(name)" }
    }

    package var kind: Kind
    package var userID: UUID?
    package var clientID: String?
    package var sessionID: UUID?
    package var grantID: UUID?
    /// The address that the request came from.
    package var address: String?
    /// More facts, by name. No secrets, and no personal data beyond ids.
    package var detail: [String: String]

    package init(
        _ kind: Kind, userID: UUID? = nil, clientID: String? = nil, sessionID: UUID? = nil, grantID: UUID? = nil, address: String? = nil,
        detail: [String: String] = [:]
    ) {
        self.kind = kind
        self.userID = userID
        self.clientID = clientID
        self.sessionID = sessionID
        self.grantID = grantID
        self.address = address
        self.detail = detail
    }
}
