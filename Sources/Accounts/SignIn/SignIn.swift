import FoundationEssentials
import Keys

/// A sign-in under way: where the person was going and what they have proven so far.
struct SignIn: Sendable {
    let id: UUID
    let handle: String
    /// A path on this server.
    let returnTo: String
    let loginHint: String?
    let client: PresentedClient?
    /// Whether the page offers to go on as who is signed in already.
    let offersPresentAccount: Bool
    /// What a provider is asked for on behalf of the application.
    let upstream: UpstreamHints
    /// Why a provider could not sign the person in, and its id.
    let notice: FederationNotice?
    let noticeProvider: String?
    /// Whose factors are in ``completed``.
    var userID: UUID?
    /// RFC 8176 values of the factors proven in this sign-in.
    var completed: [String]

    /// Where the page leads who can't prove themselves as they are asked to. The application is told (`login_required`), as OpenID Connect
    /// Core §3.1.2.1 has it where the person can't be authenticated anew; our own pages go on without.
    var leavePath: String { client == nil ? returnTo : returnTo + "&proof=none" }

    /// What the person has to do next. Steps never lead to each other: each records what it proved and comes back here.
    var nextStep: SignInStep {
        guard let userID, completed.contains(where: AuthenticationMethods.isFirstFactor) else { return .password }
        return .done(userID: userID, methods: completed)
    }
}

/// A step of a sign-in, chosen from stored state.
enum SignInStep: Equatable {
    case password
    /// Every factor that this person needs is proven.
    case done(userID: UUID, methods: [String])
}
