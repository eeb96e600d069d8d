import Audit

extension AuditEvent.Kind {
    /// Counted.
    package static let doorAllowed = Self("door.allowed")
    /// Counted, with the reason.
    package static let doorRefused = Self("door.refused")
    package static let doorSignedIn = Self("door.signed_in")
    package static let doorSignedOut = Self("door.signed_out")
}
