import Hummingbird
import OAuthProtocol
import Web

/// Who asks about a token, however they proved it.
package struct IntrospectionCaller: Sendable {
    /// Finds a caller that proves itself otherwise than as a client; nil where there is none. The body is still there afterwards.
    ///
    /// A certificate is a proof only where nothing else is said: `countsCertificate` tells whether it may be taken for one.
    package typealias Finder = @Sendable (inout Request, GatehouseContext, _ countsCertificate: Bool) async throws -> IntrospectionCaller?

    /// A client's or a person's id: whose limit it counts towards.
    let subject: String
    let clientID: String?
    let scopes: ScopeSet
    /// The services that it speaks for.
    let audiences: [String]

    package init(subject: String, clientID: String?, scopes: ScopeSet, audiences: [String]) {
        self.subject = subject
        self.clientID = clientID
        self.scopes = scopes
        self.audiences = audiences
    }

    /// Whether something with this audience is any of its business.
    func maySee(_ audience: [String]) -> Bool {
        scopes.contains("introspect") || audience.contains(where: audiences.contains)
    }
}
