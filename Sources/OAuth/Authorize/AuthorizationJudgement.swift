import Accounts
import FoundationEssentials
import OAuthProtocol
import Runtime

/// What has to happen next with an authorization request: chosen from the request, the session and the consent, by nothing else.
enum AuthorizationStep: Sendable {
    case signIn
    /// The person says with which account to go on.
    case selectAccount
    case consent
    case approve
    case refuse(OAuthError)
}

/// Pure: the dispatcher of the authorization endpoint.
struct AuthorizationJudgement {
    let request: AuthorizationRequest
    let session: Session?
    /// Scopes that this person has allowed this client before; empty when nothing is, or may be, remembered.
    let remembered: ScopeSet
    /// When the request arrived: signing in after it satisfies `prompt=login` and any `max_age`.
    let startedAt: Date
    /// The person has chosen to go on with the present session (`prompt=select_account`).
    var hasSelectedAccount = false
    let now: Date

    func judge() -> AuthorizationStep {
        let isSilent = request.prompt.contains(.none)
        guard let session else { return isSilent ? .refuse(Self.loginRequired) : .signIn }
        let hasSignedInForThis = session.authenticatedAt >= startedAt
        // With a provider whose own session is older: the person has chosen, if not proven themselves anew.
        let hasBegunForThis = hasSignedInForThis || session.createdAt >= startedAt
        if !hasSignedInForThis {
            if request.prompt.contains(.login) { return .signIn }
            if let maxAge = request.maxAge, session.authenticatedAt + maxAge < now {
                return isSilent ? .refuse(Self.loginRequired) : .signIn
            }
            if request.prompt.contains(.selectAccount), !hasSelectedAccount, !hasBegunForThis { return .selectAccount }
        }
        if let subject = request.requiredSubject, subject != session.user.id.token {
            return isSilent || hasBegunForThis ? .refuse(Self.loginRequired) : .signIn
        }
        if needsConsent { return isSilent ? .refuse(OAuthError(.consentRequired, "consent is required")) : .consent }
        return .approve
    }

    /// OpenID Connect Core §3.1.2.4. `prompt=consent` asks again whatever is remembered.
    private var needsConsent: Bool {
        if request.prompt.contains(.consent) { return true }
        if request.client.consent == .implicit { return false }
        return !request.disclosed.isSubset(of: remembered)
    }

    static let loginRequired = OAuthError(.loginRequired, "sign-in is required")
}
