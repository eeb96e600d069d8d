import Audit

extension AuditEvent.Kind {
    /// Counted: a field about the client that was not believed, and why.
    static let proxyFieldRefused = Self("proxy.field_refused")
}
