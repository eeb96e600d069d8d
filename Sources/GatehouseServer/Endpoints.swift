import Accounts
import OAuth
import Runtime
import Web

/// The endpoints and pages, made from the wiring.
struct Endpoints: Sendable {
    let home: HomePage
    let signIn: SignInPage
    let signOut: SignOutPage
    let oauth: OAuthEndpoints

    init(_ wiring: Wiring) {
        let parts = wiring.parts
        let flow = SignInFlow(database: wiring.database, randomness: parts.randomness)
        home = HomePage(sessions: wiring.sessions, pages: wiring.pages, site: parts.site, clock: parts.clock)
        signIn = SignInPage(
            flow: flow, database: wiring.database, sessions: wiring.sessions, hasher: wiring.hasher, limits: wiring.signInLimits,
            csrf: wiring.csrf, pages: wiring.pages, site: parts.site, audit: wiring.audit, randomness: parts.randomness, clock: parts.clock)
        signOut = SignOutPage(
            sessions: wiring.sessions, csrf: wiring.csrf, pages: wiring.pages, site: parts.site, clock: parts.clock)
        oauth = OAuthEndpoints(
            OAuthEndpoints.Parts(
                settings: parts.oauth, database: wiring.database, clients: wiring.clients, keys: wiring.keys, masterKeys: parts.masterKeys,
                revocations: wiring.revocations, verification: wiring.verification, sessions: wiring.sessions, signIn: flow,
                signOut: signOut, registrationLimiter: wiring.registrationLimiter, csrf: wiring.csrf, pages: wiring.pages, site: parts.site,
                audit: wiring.audit, tally: wiring.tally, randomness: parts.randomness, clock: parts.clock))
    }
}
