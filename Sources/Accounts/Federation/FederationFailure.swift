import Outbound

/// A sign-in with a provider that came to nothing: what the page says, and what only the log and the audit say.
struct FederationFailure: Error, Sendable, Equatable {
    let notice: FederationNotice
    /// From a closed list of words; never what the provider wrote.
    let reason: String

    static func unavailable(_ reason: String) -> FederationFailure { FederationFailure(notice: .providerUnavailable, reason: reason) }

    static func untrusted(_ reason: String) -> FederationFailure { FederationFailure(notice: .providerUntrusted, reason: reason) }

    static func refused(_ reason: String) -> FederationFailure { FederationFailure(notice: .providerRefused, reason: reason) }

    /// The person was to prove themselves anew, and it can't be told that they have.
    static func unproven(_ reason: String) -> FederationFailure { FederationFailure(notice: .proofMissing, reason: reason) }

    /// A call of ours that brought nothing.
    init(_ error: any Error, calling what: String) {
        switch error {
        case let failure as FederationFailure: self = failure
        case let error as OutboundError where error.isRefusal: self = .untrusted("\(what): address refused")
        case let error as OutboundError: self = .unavailable("\(what): \(error)")
        default: self = .unavailable("\(what): \(type(of: error))")
        }
    }

    init(notice: FederationNotice, reason: String) {
        self.notice = notice
        self.reason = reason
    }
}
