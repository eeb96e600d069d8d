import HTTPTypes
import Hummingbird
import OAuthProtocol

/// Judges where a browser says a form was sent from.
package enum FormOrigin {
    /// - Throws: `OAuthError` `forbidden` when the browser says that another site sent the form. Browsers too old to say pass: the token decides for them.
    package static func check(_ request: Request, site: Site) throws(OAuthError) {
        switch request.headers[.secFetchSite] {
        case nil: break
        // `none`: the person repeated the request, by reload or from the address bar.
        case "same-origin", "none": break
        case let other:
            throw OAuthError.forbidden("The form was sent from another site.", reason: "Sec-Fetch-Site is \(other ?? "")")
        }
        guard let origin = request.headers[.origin], origin != site.origin else { return }
        // Privacy tools blank the origin; then only the browser's word above counts.
        if origin == "null", request.headers[.secFetchSite] == "same-origin" { return }
        throw OAuthError.forbidden("The form was sent from another site.", reason: "Origin is foreign")
    }
}
