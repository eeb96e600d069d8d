import Accounts
import Audit
import FoundationEssentials
import Hummingbird
import OAuthProtocol
import Postgres
import Web

/// A client of ours exchanges a person's access token for the one that a provider gave of the same person (RFC 8693).
///
/// Nothing is handed out unless all of it holds: the client proves itself, the provider's settings list it, the access token is valid, was
/// issued to this client and speaks for a person, and the provider's tokens are kept for that person.
struct UpstreamTokenExchange: Sendable {
    /// RFC 8693 §3 leaves further types to those who need them.
    static let tokenType = "urn:gatehouse:params:oauth:token-type:upstream-access-token"

    let directory: FederationDirectory
    let tokens: UpstreamTokenSource
    let verification: AccessTokenVerification
    let database: any Queryable
    let tally: AuditTally

    /// - Parameter sender: a token that is bound to a certificate is good only with it; one bound to a DPoP key is not exchanged, since the
    ///   proof of a token request names no access token (RFC 9449 §5).
    /// - Throws: `unauthorized_client` for a public client; `invalid_target` where nothing is to be had of what `audience` names;
    ///   `invalid_request` for a subject_token that is not good enough (RFC 8693 §2.2.2); `temporarily_unavailable` while the provider is away.
    func respond(_ form: OAuthProtocol.Parameters, client: Client, from sender: SenderEvidence, now: Date) async throws -> Response {
        do {
            let given = try await require(form, client: client, from: sender, now: now)
            tally.count(.upstreamTokenGiven, clientID: client.id)
            return Self.reply(given, now: now)
        } catch let refusal as Refusal {
            tally.count(.upstreamTokenRefused, clientID: client.id, reason: refusal.rawValue)
            throw refusal.error
        }
    }

    private func require(_ form: OAuthProtocol.Parameters, client: Client, from sender: SenderEvidence, now: Date) async throws
        -> UpstreamTokens
    {
        guard !client.isPublic else { throw Refusal.publicClient }
        if let requested = try form.optional("requested_token_type"),
            requested != Self.tokenType, requested != APIKeyExchange.accessTokenType
        {
            throw OAuthError.invalidRequest("requested_token_type is not supported")
        }
        // What would narrow the token must not be passed over in silence.
        for name in ["actor_token", "scope", "resource"] where form.contains(name) {
            throw OAuthError.invalidRequest("\(name) is not supported for this subject_token_type")
        }
        let audiences = try form.all("audience")
        guard audiences.count == 1, let providerID = audiences.first else {
            throw OAuthError.invalidRequest("audience must name one provider")
        }
        // Before the token is looked at: who isn't listed learns nothing about anybody.
        guard let provider = try await directory.find(providerID) else { throw Refusal.unknownProvider }
        guard provider.tokenClients.contains(client.id) else { throw Refusal.clientNotListed }
        let userID = try await person(form, client: client, from: sender, now: now)
        guard let given = try await tokens.fresh(userID: userID, providerID: providerID, now: now) else { throw Refusal.nothingKept }
        return given
    }

    /// Whom the subject_token speaks for.
    private func person(_ form: OAuthProtocol.Parameters, client: Client, from sender: SenderEvidence, now: Date) async throws -> UUID {
        let text = try form.required("subject_token", bytesMax: 16_384)
        let token: AccessToken
        do {
            token = try await verification.require(PresentedToken(BearerToken(parameter: text)), from: sender, now: now)
        } catch let error as OAuthError where error.code == .invalidToken {
            throw Refusal.subjectTokenInvalid
        }
        guard token.clientID == client.id else { throw Refusal.subjectTokenOfAnother }
        guard let userID = token.userID else { throw Refusal.subjectTokenOfNobody }
        guard let user = try await UserStore(database).find(id: userID), user.disabledAt == nil else { throw Refusal.userGone }
        return userID
    }

    /// RFC 8693 §2.2.1
    private static func reply(_ tokens: UpstreamTokens, now: Date) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.field("access_token", tokens.accessToken)
            json.field("issued_token_type", Self.tokenType)
            // RFC 6749 §5.1: the type's letter case doesn't matter; clients compare it all the same.
            json.field("token_type", tokens.tokenType.lowercased() == "bearer" ? "Bearer" : tokens.tokenType)
            if let expiresAt = tokens.expiresAt { json.field("expires_in", max(0, Int(expiresAt.timeIntervalSince(now)))) }
            if let scope = tokens.scope, !scope.isEmpty { json.field("scope", scope) }
        }
        return Reply.json(json.bytes)
    }

    /// Why nothing was handed out: each is counted by its own name, and the client is told no more than it needs.
    private enum Refusal: String, Error {
        case publicClient = "public_client"
        case unknownProvider = "unknown_provider"
        case clientNotListed = "client_not_listed"
        case subjectTokenInvalid = "subject_token_invalid"
        case subjectTokenOfAnother = "subject_token_of_another_client"
        case subjectTokenOfNobody = "subject_token_of_nobody"
        case userGone = "user_gone"
        case nothingKept = "nothing_kept"

        var error: OAuthError {
            switch self {
            case .publicClient: .unauthorizedClient("a client must prove itself to be given a provider's token")
            case .unknownProvider, .clientNotListed:
                .invalidTarget("this client is given no tokens of this audience", reason: "upstream token: \(rawValue)")
            case .subjectTokenInvalid, .subjectTokenOfAnother, .subjectTokenOfNobody, .userGone:
                .invalidRequest("subject_token is not valid", reason: "upstream token: \(rawValue)")
            case .nothingKept: .invalidTarget("no token of this provider is kept for this person: they have to sign in with it")
            }
        }
    }
}
