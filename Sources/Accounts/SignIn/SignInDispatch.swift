import FoundationEssentials
import Hummingbird
import Postgres
import Runtime
import Web

/// What comes after a step of a sign-in, by stored state alone: the next step, or the session and the way back to where the person was going.
struct SignInDispatch: Sendable {
    let database: Database
    let sessions: Sessions
    let federation: Federation

    /// - Parameter federated: that a provider has vouched for the person just now.
    /// - Throws: `access_denied` when the person has been disabled meanwhile; `PostgresError`, `MasterKeyError`.
    func advance(
        _ signIn: SignIn, federated: FederatedSession? = nil, _ request: Request, _ context: GatehouseContext, now: Date
    ) async throws -> Response {
        switch signIn.nextStep {
        case .password:
            try await SignInStore(database).update(signIn.id, userID: signIn.userID, completed: signIn.completed)
            return Reply.redirect(to: "\(SignInFlow.path)?flow=\(signIn.handle)")
        case .done(let userID, let methods):
            // An identity that has waited for this proof is linked before the session begins.
            let settled = try await FederationSignIn(federation: federation).settle(
                signIn.id, provenBy: userID, address: context.clientAddress, now: now)
            let present = try await sessions.find(request, now: now)
            let cookie = try await sessions.begin(
                userID: userID, methods: methods + (settled?.methods ?? []), federated: federated ?? settled?.session, replacing: present,
                address: context.clientAddress, userAgent: request.headers[.userAgent], now: now)
            return Reply.redirect(to: signIn.returnTo, setting: cookie)
        }
    }
}
