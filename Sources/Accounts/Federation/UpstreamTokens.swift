import FoundationEssentials

/// A provider's tokens for one identity. It never prints itself.
package struct UpstreamTokens: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var accessToken: String
    /// `Bearer`, as the provider wrote it.
    package var tokenType: String
    package var refreshToken: String?
    package var idToken: String?
    package var scope: String?
    /// Of the access token; nil where the provider said nothing.
    package var expiresAt: Date?
    package var storedAt: Date

    package var description: String { "UpstreamTokens(…)" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
