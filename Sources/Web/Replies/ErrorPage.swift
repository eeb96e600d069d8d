import OAuthProtocol

/// The words of the error page: what happened, and what the person in front of it can do.
enum ErrorPage {
    static func model(_ error: OAuthError, requestID: String) -> PageModel {
        let words = words(error)
        return [
            "title": words.title,
            "message": words.message,
            "hint": words.hint,
            "details": error.status < 500 && words.showsDetails ? error.publicDescription : nil,
            "code": error.code.rawValue,
            "requestID": requestID,
        ]
    }

    private typealias Words = (title: String, message: String, hint: String, showsDetails: Bool)

    private static func words(_ error: OAuthError) -> Words {
        switch error.code {
        case .notFound:
            (
                "Nothing is here", "The address does not lead to a page.",
                "Check the address, or go back to the application that you came from.", false
            )
        case .methodNotAllowed:
            ("That doesn’t work here", "This page can’t be used in that way.", "Go back and start again from the application.", false)
        case .forbidden:
            (
                "This form is no longer valid", "It has expired, or it was not sent from this site. Nothing was changed.",
                "Go back, reload the page and try again. Cookies must be allowed for this site.", false
            )
        case .accessDenied:
            ("Access was refused", "You can’t continue with this account.", "Go back to the application, or try another account.", true)
        case .tooManyRequests:
            ("Too many attempts", "To protect accounts, there is a short pause.", "Wait a moment, then try again.", false)
        case .payloadTooLarge:
            ("That was too much", "The form was larger than this site accepts.", "Go back and send less.", false)
        case .temporarilyUnavailable:
            (
                "Back in a moment", "The service is busy or being looked after. Nothing was lost.",
                "Wait a few seconds, then reload this page.", false
            )
        case .serverError:
            (
                "Something went wrong", "The fault is on our side, and it has been noted.",
                "Try again. If it keeps happening, tell the people who run this site the reference below.", false
            )
        default:
            (
                "This sign-in link doesn’t work", "The application sent a request that can’t be answered safely, so it stops here.",
                "Go back to the application and start again. If it keeps happening, tell its makers the details below.", true
            )
        }
    }
}
