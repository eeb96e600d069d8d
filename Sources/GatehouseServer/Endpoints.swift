import Accounts
import Console
import Gateway
import HTTPTypes
import Hummingbird
import OAuth
import OAuthProtocol
import Runtime
import Web

/// The endpoints and pages, made from the wiring.
struct Endpoints: Sendable {
    let home: HomePage
    let signIn: SignInPage
    let signOut: SignOutPage
    let federation: FederationPage
    let backchannelLogout: BackchannelLogoutEndpoint
    let account: AccountPage
    let oauth: OAuthEndpoints
    let keys: APIKeysEndpoint
    let keyVerification: APIKeyVerificationEndpoint
    let doorSignIn: DoorSignInPage
    let signatureKeys: SignatureKeysEndpoint
    let signatureVerification: SignatureVerificationEndpoint
    let certificateAuthority: CertificateAuthorityEndpoint

    init(_ wiring: Wiring) {
        let parts = wiring.parts
        let flow = SignInFlow(database: wiring.database, randomness: parts.randomness)
        home = HomePage(sessions: wiring.sessions, pages: wiring.pages, site: parts.site, clock: parts.clock)
        signIn = SignInPage(
            flow: flow, database: wiring.database, sessions: wiring.sessions, hasher: wiring.hasher, limits: SignInLimits(wiring.limits),
            limiter: wiring.limits.authorizationPerAddress, devices: wiring.devices, federation: wiring.federation,
            csrf: wiring.csrf, pages: wiring.pages, site: parts.site, audit: wiring.audit, randomness: parts.randomness, clock: parts.clock)
        federation = FederationPage(
            federation: wiring.federation, flow: flow, sessions: wiring.sessions, limiter: wiring.limits.authorizationPerAddress,
            csrf: wiring.csrf, site: parts.site, clock: parts.clock)
        backchannelLogout = BackchannelLogoutEndpoint(
            federation: wiring.federation, sessions: wiring.sessions, limiter: wiring.limits.authorizationPerAddress, clock: parts.clock)
        signOut = SignOutPage(
            sessions: wiring.sessions, csrf: wiring.csrf, pages: wiring.pages, site: parts.site, clock: parts.clock)
        account = AccountPage(
            sessions: wiring.sessions, signIn: flow, directory: wiring.federation.directory, links: wiring.federation.links,
            federation: federation, database: wiring.database, limiter: wiring.limits.authorizationPerAddress, csrf: wiring.csrf,
            pages: wiring.pages, site: parts.site, randomness: parts.randomness, clock: parts.clock)
        oauth = OAuthEndpoints(
            OAuthEndpoints.Parts(
                settings: parts.oauth, database: wiring.database, clients: wiring.clients,
                authentication: wiring.clientAuthentication, keys: wiring.keys, masterKeys: parts.masterKeys,
                revocations: wiring.revocations, verification: wiring.verification, proofs: wiring.proofs,
                apiKeys: wiring.apiKeys,
                findCaller: { try await Self.findCaller(wiring, &$0, $1, countsCertificate: $2) }, sessions: wiring.sessions,
                federation: wiring.federation,
                signIn: flow, signOut: signOut, limits: wiring.limits, csrf: wiring.csrf, pages: wiring.pages, site: parts.site,
                audit: wiring.audit, tally: wiring.tally, randomness: parts.randomness, clock: parts.clock))
        let audiences = parts.oauth.knownScopes
        let management = CredentialManagement(
            callers: wiring.callers, rights: APIKeyRights(publishable: parts.publishableScopes, isKnown: audiences.contains))
        keys = APIKeysEndpoint(management: management, issuance: wiring.issuance, database: wiring.database, clock: parts.clock)
        signatureKeys = SignatureKeysEndpoint(
            management: management, issuance: wiring.signatureKeyIssuance, database: wiring.database, clock: parts.clock)
        signatureVerification = SignatureVerificationEndpoint(
            callers: wiring.callers, signatures: wiring.signatures, limiter: wiring.limits.verificationPerCaller, clock: parts.clock)
        keyVerification = APIKeyVerificationEndpoint(
            callers: wiring.callers, keys: wiring.apiKeys, tally: wiring.tally, limiter: wiring.limits.verificationPerCaller,
            clock: parts.clock)
        doorSignIn = wiring.makeDoorSignIn()
        certificateAuthority = CertificateAuthorityEndpoint(certificates: wiring.certificates, clock: parts.clock)
    }

    /// Introspection authenticates clients itself, by form or header; other callers are found here.
    private static func findCaller(
        _ wiring: Wiring, _ request: inout Request, _ context: GatehouseContext, countsCertificate: Bool
    ) async throws -> IntrospectionCaller? {
        if let header = request.headers[.authorization], try PresentedToken(authorization: header) == nil {
            try await wiring.callers.refuseSecondProof(&request, context)
            return nil
        }
        let now = wiring.parts.clock.now
        guard let caller = try await wiring.callers.find(&request, context, countsCertificate: countsCertificate, now: now) else {
            return nil
        }
        // A person's token is in the hands of an application that may be anybody's.
        if caller.userID != nil { try caller.require(anyOf: "introspect") }
        return IntrospectionCaller(
            subject: caller.subject, clientID: caller.clientID, scopes: caller.scopes, audiences: caller.audiences)
    }
}
