import Accounts
import OAuthProtocol
import Web

/// What has just happened, as the account page says it. The address names it by words of a closed list, so no other text gets onto the page.
enum AccountNotice: Equatable {
    case linked(provider: String)
    case unlinked(provider: String)
    case lastWayToSignIn
    case sessionsEnded
    case failed(FederationNotice, provider: String)

    /// - Parameter names: what the providers are called; others are called "The provider".
    /// - Returns: nil where the address tells of nothing that this page knows.
    init?(_ query: Parameters, names: [String: String]) {
        func word(_ name: String) -> String? { (try? query.optional(name, bytesMax: 64)) ?? nil }
        func provider(_ id: String?) -> String { id.flatMap { names[$0] } ?? "The provider" }
        if let id = word("linked") {
            self = .linked(provider: provider(id))
        } else if let id = word("unlinked") {
            self = .unlinked(provider: provider(id))
        } else if word("notice") == Self.lastWayWord {
            self = .lastWayToSignIn
        } else if word("notice") == Self.sessionsEndedWord {
            self = .sessionsEnded
        } else if let notice = word("notice").flatMap(FederationNotice.init(rawValue:)) {
            self = .failed(notice, provider: provider(word("provider")))
        } else {
            return nil
        }
    }

    static let lastWayWord = "last_way"
    static let sessionsEndedWord = "sessions_ended"

    var model: PageModel {
        switch self {
        case .linked(let provider): ["kind": "success", "text": "\(provider) was added. From now on it signs you in here."]
        case .unlinked(let provider):
            [
                "kind": "success",
                "text": "\(provider) was removed. Browsers that had signed in with it are signed out.",
            ]
        case .lastWayToSignIn:
            ["kind": "warning", "text": "That is your only way to sign in. Add another one before you remove it."]
        case .sessionsEnded: ["kind": "success", "text": "Signed out there. It can take a moment until every application has noticed."]
        case .failed(let notice, let provider): ["kind": "warning", "text": Self.words(notice, provider)]
        }
    }

    private static func words(_ notice: FederationNotice, _ provider: String) -> String {
        switch notice {
        case .providerUnavailable: "\(provider) can’t be reached, so nothing was added. Try it again in a minute."
        case .providerUntrusted:
            "The answer from \(provider) could not be trusted, so nothing was added. Try it once more; "
                + "if it keeps happening, tell the people who run this site."
        case .proofMissing: "\(provider) did not say that you have just proven yourself there. Nothing was changed."
        case .providerRefused: "\(provider) did not go on; perhaps you stopped there. Nothing was added."
        case .identityTaken: "That \(provider) account belongs to another account here. Sign in with it to see which, or choose another."
        case .emailUnverified: "\(provider) has not verified your e-mail address. Verify it there and try again."
        case .accountDisabled: "This account can’t be used. Ask the people who run this site."
        case .accountUnknown, .accountExists, .accountExistsElsewhere, .providerTried:
            "\(provider) could not be added. Nothing was changed."
        }
    }
}
