import FoundationEssentials
import OAuthProtocol

/// What the application remembers about one browser. Tokens stay here, on the server's side.
struct DemoSession: Sendable {
    /// A sign-in on its way: what must come back, and what proves that we asked.
    struct Pending: Sendable {
        let state: String
        let nonce: String
        let codeVerifier: String
        let startedAt: Date
    }

    /// A sign-in that succeeded.
    struct Person: Sendable {
        var idToken: String
        var idClaims: JSONValue
        var accessToken: String
        var refreshToken: String?
        var scope: String?
        var expiresAt: Date?
        var userInfo: JSONValue?
    }

    let csrfToken: String
    var pending: [Pending] = []
    var person: Person?
    /// Shown once, at the next page.
    var notice: String?
    var usedAt: Date
}
