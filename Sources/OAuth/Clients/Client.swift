import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime
import Web

/// An application that asks for tokens.
package struct Client: Sendable {
    package enum Origin: String, Sendable {
        /// By the settings file.
        case declared
        /// By the command line.
        case created
        /// Dynamically (RFC 7591): nobody has reviewed it.
        case registered
    }

    package enum Consent: String, Sendable {
        case ask
        /// The operator has answered for everyone: a first-party application.
        case implicit
    }

    package let id: String
    package var secretHash: TokenHash?
    package var metadata: ClientMetadata
    package var origin: Origin
    /// What it may ask for.
    package var scopes: ScopeSet
    /// Audiences beyond those that its scopes imply.
    package var audiences: [String]
    package var isPKCERequired: Bool
    package var consent: Consent
    /// Nil: the server's.
    package var accessTokenLifetime: Duration?
    /// Nil: the server's.
    package var accessTokenAlgorithm: SigningAlgorithm?
    /// `roles` of tokens that it asks for in its own name.
    package var roles: [String]
    package var allowedOrigins: [String]
    package var registrationTokenHash: TokenHash?
    package var disabledAt: Date?
    package let createdAt: Date
    package var updatedAt: Date

    package init(id: String, metadata: ClientMetadata, origin: Origin, scopes: ScopeSet, now: Date) {
        self.id = id
        self.metadata = metadata
        self.origin = origin
        self.scopes = scopes
        self.audiences = []
        self.isPKCERequired = true
        self.consent = .ask
        self.roles = []
        self.allowedOrigins = []
        self.createdAt = now
        self.updatedAt = now
    }

    /// RFC 6749 §2.1: it has no credential of its own.
    package var isPublic: Bool { metadata.isPublic }

    /// How it proves itself, as metrics tell it.
    package var requestCaller: RequestCaller {
        let method = metadata.tokenEndpointAuthMethod
        return method.isPublic
            ? .publicClient : method.usesSecret ? .clientSecret : method.usesCertificate ? .clientCertificate : .otherClient
    }

    package var displayName: String { metadata.clientName.best() ?? id }

    /// A redirect that another application on the device could catch: an answer there proves nobody's identity,
    /// so consent is never remembered (RFC 8252 §8.6).
    package var canRememberConsent: Bool {
        if origin == .registered { return false }
        return !(isPublic && metadata.redirectURIs.contains { $0.isLoopback || $0.isPrivateUseScheme })
    }

    /// Roles say what a person may do everywhere; a client that nobody has reviewed is not told.
    var mayKnowRoles: Bool { origin != .registered }

    /// What is left of granted scopes when the client may ask for less now than it could then.
    /// - Throws: `invalid_scope` when nothing is.
    func present(_ granted: ScopeSet) throws(OAuthError) -> ScopeSet {
        let left = granted.intersection(scopes)
        guard !left.isEmpty || granted.isEmpty else { throw .invalidScope("this client may no longer ask for what was granted") }
        return left
    }

    /// Web origins that may read our answers from a browser (CORS): those of its redirects and those declared.
    package var webOrigins: Set<String> {
        Set(metadata.redirectURIs.compactMap(\.origin) + allowedOrigins)
    }
}
