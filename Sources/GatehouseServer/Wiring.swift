import Accounts
import Audit
import Credentials
import FoundationEssentials
import Gateway
import Guard
import Keys
import Logging
import OAuth
import OAuthProtocol
import Outbound
import Postgres
import Runtime
import Web

/// What a server is made of, put together once. Whoever hands in another clock, another database or a cheaper password hash
/// gets the same server with those: that is how tests build it.
package struct Wiring: Sendable {
    /// What differs between one deployment, or one test, and another.
    package struct Parts: Sendable {
        package var site: Site
        package var oauth: OAuthSettings
        package var sessionLimits = SessionLimits()
        package var passwordCost = PasswordCost.standard
        package var passwordThreads: Int?
        package var passwordsWaitingMax = 64
        package var limits = RateLimitPolicies()
        /// Scopes that publishable API keys may carry.
        package var publishableScopes: ScopeSet = []
        /// Which proofs the machine API accepts.
        package var callerProofs = Set(Caller.Proof.allCases)
        /// The door for proxies.
        package var door = ForwardAuthSettings()
        /// Who may speak for clients; nil: nobody.
        package var proxies: ProxyTrust?
        /// Authorities that clients' certificates may come from, beside our own, and their revocation lists.
        package var certificateFiles = CertificateDirectory.Files()
        /// How other servers are called.
        package var outbound = Outbound()
        package var rotation = KeyRotationTimetable()
        package var auditRetention: Duration = .days(400)
        /// Other addresses that this server is an issuer under.
        package var otherIssuers: [String] = []
        /// Where else machines reach it: those who ask for discovery there are told to stay there.
        package var backChannelURLs: [String] = []
        /// How long the database's state is believed before it is looked at again.
        package var healthFreshFor: Duration = .seconds(1)
        /// This program's, for readiness.
        package var migrations: [Migration] = []
        package var masterKeys: MasterKeys
        package var templates: String
        package var clock: any WallClock = SystemClock()
        package var randomness: any Randomness = SystemRandomness()
        package var logger: Logger

        package init(site: Site, masterKeys: MasterKeys, templates: String, logger: Logger) {
            self.site = site
            self.oauth = OAuthSettings(issuer: site.issuer)
            self.masterKeys = masterKeys
            self.templates = templates
            self.logger = logger
        }

        /// Scheme, host and port under which this issuer's machines may ask: what a proof of a request can name.
        var origins: [String] { [site.origin] + (oauth.mutualTLSURL.map { [$0] } ?? []) + backChannelURLs }
    }

    package private(set) var parts: Parts
    package let database: Database
    package let audit: AuditStore
    package let tally = AuditTally()
    package let keys: KeyRing
    package private(set) var pages: Pages
    package let csrf: CSRFTokens
    package let hasher: PasswordHasher
    package private(set) var sessions: Sessions
    package let clients: ClientDirectory
    package let revocations: RevocationList
    package private(set) var verification: AccessTokenVerification
    package private(set) var proofs: DPoPVerification
    package let apiKeys: APIKeyDirectory
    /// Other nodes have changed the signing keys, and this one could not read them yet.
    package let keysAreStale = StaleFlag()
    package let issuance: APIKeyIssuance
    package let signatureKeys: SignatureKeyDirectory
    package let signatureKeyIssuance: SignatureKeyIssuance
    package let signatures: SignedRequestVerification
    package let replay: ReplayGuard
    package let certificates: CertificateDirectory
    package let certificateIssuance: CertificateIssuance
    package let clientAuthentication: ClientAuthentication
    package private(set) var callers: CallerAuthentication
    package let limits: RateLimits
    package private(set) var devices: DeviceCookies
    package let federation: Federation
    /// Nil where nobody signs in at the door.
    package let doorClient: Client?
    package let doorSessions: DoorSessions
    package let forwardAuth: ForwardAuthEndpoint
    /// This server under its other addresses.
    package private(set) var relatives: [Wiring] = []
    package let leaving = Leaving()
    package let health: HealthProbe
    package let clockDifference: ClockDifference

    /// - Throws: `PagesError` when the templates can't be read; `OAuthError` for an origin that can't be signed in at.
    package init(_ parts: Parts, database: Database) throws {
        self.parts = parts
        self.database = database
        audit = AuditStore(randomness: parts.randomness)
        keys = KeyRing(
            database: database, masterKeys: parts.masterKeys, timetable: parts.rotation, randomness: parts.randomness, logger: parts.logger)
        pages = try Pages(directory: parts.templates, site: parts.site)
        csrf = CSRFTokens(keys: try parts.masterKeys.keyIDs.map { try parts.masterKeys.derive(label: "forms", keyID: $0).key })
        hasher = PasswordHasher(
            cost: parts.passwordCost, threads: parts.passwordThreads, waitingMax: parts.passwordsWaitingMax, randomness: parts.randomness)
        sessions = Sessions(
            database: database, limits: parts.sessionLimits, site: parts.site, audit: audit, randomness: parts.randomness,
            accessTokenLifetimeMax: OAuthSettings.accessTokenLifetimeMax)
        doorClient = try DoorClient.make(parts.door, name: parts.site.name)
        clients = ClientDirectory(database: database, clock: parts.clock, builtIn: doorClient.map { [$0] } ?? [])
        revocations = RevocationList(database: database)
        replay = ReplayGuard(database: database)
        proofs = DPoPVerification(
            origins: parts.origins, replay: replay,
            nonces: parts.oauth.requiresDPoPNonces
                ? DPoPNonces(keys: try parts.masterKeys.keyIDs.map { try parts.masterKeys.derive(label: "dpop nonces", keyID: $0).key })
                : nil,
            tally: tally)
        verification = AccessTokenVerification(issuer: parts.oauth.issuer, keys: keys, revocations: revocations, proofs: proofs)
        limits = RateLimits(parts.limits, database: database, secret: parts.masterKeys.derive(label: "limits").key, tally: tally)
        devices = DeviceCookies(
            keys: try parts.masterKeys.keyIDs.map { try parts.masterKeys.derive(label: "devices", keyID: $0).key }, site: parts.site)
        federation = Federation(
            database: database, outbound: parts.outbound, masterKeys: parts.masterKeys, audit: audit, tally: tally,
            randomness: parts.randomness, accessTokenLifetimeMax: OAuthSettings.accessTokenLifetimeMax, logger: parts.logger)
        apiKeys = APIKeyDirectory(database: database, limiter: limits.apiKeys)
        issuance = APIKeyIssuance(database: database, directory: apiKeys, audit: audit, randomness: parts.randomness)
        signatureKeys = SignatureKeyDirectory(database: database, masterKeys: parts.masterKeys, limiter: limits.signatureKeys)
        signatureKeyIssuance = SignatureKeyIssuance(
            database: database, directory: signatureKeys, masterKeys: parts.masterKeys, audit: audit, randomness: parts.randomness)
        signatures = try SignedRequestVerification(
            directory: signatureKeys, replay: replay, tally: tally, randomness: parts.randomness)
        certificates = CertificateDirectory(
            database: database, masterKeys: parts.masterKeys, files: parts.certificateFiles, tally: tally)
        certificateIssuance = CertificateIssuance(
            database: database, masterKeys: parts.masterKeys, directory: certificates, audit: audit, randomness: parts.randomness,
            listURL: parts.site.issuer + CertificateAuthorityEndpoint.listPath)
        clientAuthentication = ClientAuthentication(clients: clients, guesses: ClientGuesses(limits), certificates: certificates)
        callers = CallerAuthentication(
            site: parts.site, origins: proofs.origins, accepted: parts.callerProofs, tokens: verification, keys: apiKeys,
            clients: clientAuthentication,
            signatures: signatures, certificates: CertificateCallers(directory: certificates, clients: clients),
            spokenFor: { parts.oauth.services(of: $0) })
        doorSessions = DoorSessions(
            database: database, revocations: revocations, audit: audit, randomness: parts.randomness, idle: parts.sessionLimits.idle,
            lifetime: parts.door.sessionLifetime)
        forwardAuth = ForwardAuthEndpoint(
            settings: parts.door, site: parts.site, callers: callers, sessions: doorSessions, keys: keys, tally: tally)
        health = HealthProbe(
            database: database, migrations: parts.migrations, keys: keys, leaving: leaving, clock: parts.clock,
            freshFor: parts.healthFreshFor)
        clockDifference = ClockDifference(logger: parts.logger)
        relatives = try parts.otherIssuers.map { try under($0) }
    }

    /// Reads what is kept in memory.
    /// - Throws: `PostgresError`, `KeyRingError`, `SigningError`, `CertificateTrustError`, `MasterKeyError`.
    package func load(now: Date) async throws {
        try await keys.load(now: now)
        try await revocations.load(now: now)
        try await certificates.load()
        try await federation.directory.load()
        try await certificateIssuance.renew(now: now)
        if let doorClient { try await DoorClientStore(database).insertIfMissing(doorClient, now: now) }
    }
}

// MARK: Other addresses

extension Wiring {
    /// The same server as an issuer under another address: what it knows and holds is shared, what names the address is made anew. The door keeps
    /// to the first address.
    private func under(_ issuer: String) throws -> Wiring {
        var other = self
        other.relatives = []
        other.parts.site = Site(
            issuer: issuer, name: parts.site.name, version: parts.site.version, transportSecurity: parts.site.transportSecurity)
        other.parts.oauth.issuer = issuer
        let (site, oauth) = (other.parts.site, other.parts.oauth)
        other.pages = try Pages(directory: parts.templates, site: site)
        other.sessions = Sessions(
            database: database, limits: parts.sessionLimits, site: site, audit: audit, randomness: parts.randomness,
            accessTokenLifetimeMax: OAuthSettings.accessTokenLifetimeMax)
        other.proofs = proofs.reached(at: other.parts.origins)
        other.verification = AccessTokenVerification(issuer: issuer, keys: keys, revocations: revocations, proofs: other.proofs)
        other.devices = DeviceCookies(
            keys: try parts.masterKeys.keyIDs.map { try parts.masterKeys.derive(label: "devices", keyID: $0).key }, site: site)
        other.callers = CallerAuthentication(
            site: site, origins: other.proofs.origins, accepted: parts.callerProofs, tokens: other.verification, keys: apiKeys,
            clients: clientAuthentication,
            signatures: signatures, certificates: CertificateCallers(directory: certificates, clients: clients),
            spokenFor: { oauth.services(of: $0) })
        return other
    }

    /// The same issuer for machines that reach it elsewhere.
    func reached(at address: String) -> Wiring {
        var other = self
        other.parts.oauth.backChannelURL = address
        return other
    }

    /// Signing keys have changed: what they proved is proven anew.
    func forgetVerified() {
        for wiring in [self] + relatives { wiring.verification.forgetAll() }
    }
}

extension Wiring {
    /// Where people sign in at the door.
    package func makeDoorSignIn() -> DoorSignInPage {
        DoorSignInPage(
            settings: parts.door, site: parts.site, client: doorClient, sessions: doorSessions,
            redemption: AuthorizationCodeRedemption(
                database: database, settings: parts.oauth, audit: audit, randomness: parts.randomness, revocations: revocations),
            masterKeys: parts.masterKeys, randomness: parts.randomness, clock: parts.clock)
    }
}
