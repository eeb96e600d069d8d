import FoundationEssentials

/// A live session as its person sees it in a list of devices.
package struct SessionSummary: Sendable, Equatable {
    package let id: UUID
    package let createdAt: Date
    package let lastSeenAt: Date
    /// The network address at its beginning.
    package let address: String?
    /// What the browser called itself then. Whatever a stranger sent: a page shows only words of ours for it.
    package let userAgent: String?
}
