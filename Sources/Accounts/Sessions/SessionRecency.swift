import FoundationEssentials
import Runtime

extension Session {
    /// For so long after a sign-in a person may change how they sign in; later they prove themselves anew (OWASP ASVS 5.0 §7.5.1).
    package static let recencyMax: Duration = .minutes(10)

    /// Whether the person has proven who they are just now.
    package func isRecent(now: Date) -> Bool {
        now < authenticatedAt + Self.recencyMax
    }
}
