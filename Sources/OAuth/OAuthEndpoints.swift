import Accounts
import Audit
import Credentials
import Guard
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Web

/// The endpoints of this wing, made from what lies below it.
package struct OAuthEndpoints: Sendable {
    package struct Parts: Sendable {
        let settings: OAuthSettings
        let database: Database
        let clients: ClientDirectory
        let authentication: ClientAuthentication
        let keys: KeyRing
        let masterKeys: MasterKeys
        let revocations: RevocationList
        let verification: AccessTokenVerification
        let proofs: DPoPVerification
        let apiKeys: APIKeyDirectory
        let findCaller: IntrospectionCaller.Finder
        let sessions: Sessions
        let federation: Federation
        let signIn: SignInFlow
        let signOut: SignOutPage
        let limits: RateLimits
        let csrf: CSRFTokens
        let pages: Pages
        let site: Site
        let audit: AuditStore
        let tally: AuditTally
        let randomness: any Randomness
        let clock: any WallClock

        package init(
            settings: OAuthSettings, database: Database, clients: ClientDirectory, authentication: ClientAuthentication, keys: KeyRing,
            masterKeys: MasterKeys,
            revocations: RevocationList, verification: AccessTokenVerification, proofs: DPoPVerification,
            apiKeys: APIKeyDirectory,
            findCaller: @escaping IntrospectionCaller.Finder, sessions: Sessions, federation: Federation, signIn: SignInFlow,
            signOut: SignOutPage,
            limits: RateLimits, csrf: CSRFTokens, pages: Pages, site: Site,
            audit: AuditStore, tally: AuditTally,
            randomness: any Randomness, clock: any WallClock
        ) {
            self.settings = settings
            self.database = database
            self.clients = clients
            self.authentication = authentication
            self.keys = keys
            self.masterKeys = masterKeys
            self.revocations = revocations
            self.verification = verification
            self.proofs = proofs
            self.apiKeys = apiKeys
            self.findCaller = findCaller
            self.sessions = sessions
            self.federation = federation
            self.signIn = signIn
            self.signOut = signOut
            self.limits = limits
            self.csrf = csrf
            self.pages = pages
            self.site = site
            self.audit = audit
            self.tally = tally
            self.randomness = randomness
            self.clock = clock
        }
    }

    package let authorize: AuthorizeEndpoint
    package let consent: ConsentPage
    package let token: TokenEndpoint
    package let userInfo: UserInfoEndpoint
    package let introspection: IntrospectionEndpoint
    package let revocation: RevocationEndpoint
    package let discovery: DiscoveryEndpoint
    package let keys: JWKSEndpoint
    package let registration: RegistrationEndpoint
    package let registrationManagement: RegistrationManagementEndpoint
    package let logout: LogoutEndpoint

    package init(_ parts: Parts) {
        let limits = parts.limits
        let authentication = parts.authentication
        let checks = AuthorizationChecks(settings: parts.settings, clients: parts.clients, keys: parts.keys)
        let issuer = AuthorizationIssuer(
            settings: parts.settings, database: parts.database, audit: parts.audit, randomness: parts.randomness,
            reply: AuthorizationReply(issuer: parts.settings.issuer, pages: parts.pages))
        consent = ConsentPage(
            settings: parts.settings, checks: checks, issuer: issuer, database: parts.database, sessions: parts.sessions, csrf: parts.csrf,
            pages: parts.pages, site: parts.site, clock: parts.clock)
        authorize = AuthorizeEndpoint(
            settings: parts.settings, checks: checks, issuer: issuer, consent: consent, database: parts.database, sessions: parts.sessions,
            signIn: parts.signIn, site: parts.site, limiter: limits.authorizationPerAddress, randomness: parts.randomness,
            clock: parts.clock)
        token = TokenEndpoint(
            authentication: authentication, grants: Self.grants(parts),
            exchange: APIKeyExchange(keys: parts.apiKeys, audiences: Audiences(parts.settings), tally: parts.tally),
            upstream: UpstreamTokenExchange(
                directory: parts.federation.directory, tokens: parts.federation.tokens, verification: parts.verification,
                database: parts.database, tally: parts.tally),
            issuer: TokenIssuer(settings: parts.settings, keys: parts.keys, randomness: parts.randomness),
            proofs: parts.proofs, limiter: limits.tokenPerClient, clock: parts.clock)
        userInfo = UserInfoEndpoint(
            issuer: parts.settings.issuer, verification: parts.verification, proofs: parts.proofs, database: parts.database,
            limiter: limits.userInfoPerUser, clock: parts.clock)
        introspection = IntrospectionEndpoint(
            settings: parts.settings, authentication: authentication, findCaller: parts.findCaller, verification: parts.verification,
            apiKeys: parts.apiKeys, database: parts.database, limiter: limits.introspectionPerCaller, clock: parts.clock)
        revocation = RevocationEndpoint(
            authentication: authentication, verification: parts.verification, revocations: parts.revocations, database: parts.database,
            audit: parts.audit, clock: parts.clock)
        discovery = DiscoveryEndpoint(settings: parts.settings)
        keys = JWKSEndpoint(keys: parts.keys)
        registration = RegistrationEndpoint(
            settings: parts.settings, database: parts.database, directory: parts.clients, audit: parts.audit,
            limiter: limits.registrationPerAddress, randomness: parts.randomness, clock: parts.clock)
        registrationManagement = RegistrationManagementEndpoint(
            settings: parts.settings, database: parts.database, directory: parts.clients, audit: parts.audit,
            limiter: limits.registrationPerAddress, clock: parts.clock)
        logout = LogoutEndpoint(
            settings: parts.settings, clients: parts.clients, keys: parts.keys, sessions: parts.sessions, signOut: parts.signOut,
            csrf: parts.csrf, site: parts.site, clock: parts.clock)
    }

    private static func grants(_ parts: Parts) -> [any TokenGrant] {
        [
            AuthorizationCodeGrant(
                database: parts.database, settings: parts.settings, audit: parts.audit, randomness: parts.randomness,
                revocations: parts.revocations),
            RefreshTokenGrant(
                rotations: RefreshRotations(parts.database), settings: parts.settings,
                successors: RefreshSuccessor(masterKeys: parts.masterKeys),
                audit: parts.audit, randomness: parts.randomness, revocations: parts.revocations, audiences: Audiences(parts.settings)),
            ClientCredentialsGrant(
                audiences: Audiences(parts.settings), tally: parts.tally),
        ]
    }
}
