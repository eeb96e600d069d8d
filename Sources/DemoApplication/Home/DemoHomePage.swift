import FoundationEssentials
import OAuthProtocol
import Web

/// The one page of the application: the way in, or who came in and with which tokens.
enum DemoHomePage {
    static func model(_ settings: DemoSettings, session: DemoSession?, now: Date) -> PageModel {
        var model: PageModel = ["issuer": settings.issuer, "notice": session?.notice]
        guard let session, let person = session.person else { return model }
        model["csrfToken"] = session.csrfToken
        model["user"] = user(person)
        model["claims"] = claims(person)
        model["userInfo"] = person.userInfo.map { DemoJSON.pretty($0) }
        model["idToken"] = token(person.idToken)
        model["accessToken"] = token(person.accessToken)
        model["refreshToken"] = person.refreshToken.map { refresh in
            ["start": String(refresh.prefix(6)), "length": refresh.utf8.count] as PageModel
        }
        model["scopes"] = person.scope?.split(separator: " ").map { ["name": String($0)] as PageModel }
        if let expiresAt = person.expiresAt {
            model["expiresAt"] = expiresAt.formatted(.iso8601)
            model["minutesLeft"] = max(0, Int(expiresAt.timeIntervalSince(now) / 60))
        }
        return model
    }

    private static func user(_ person: DemoSession.Person) -> PageModel {
        let claims = person.userInfo ?? person.idClaims
        let name = claims["name"]?.string ?? claims["preferred_username"]?.string ?? person.idClaims["sub"]?.string ?? ""
        return ["name": name, "email": claims["email"]?.string, "initial": name.first.map { String($0).uppercased() }]
    }

    /// What both the ID token and userinfo say, one line a claim: about the person first, about the token itself last.
    private static func claims(_ person: DemoSession.Person) -> [PageModel] {
        var members = person.idClaims.object ?? [:]
        members.merge(person.userInfo?.object ?? [:]) { _, new in new }
        let sorted = members.sorted { (ofToken.contains($0.key) ? 1 : 0, $0.key) < (ofToken.contains($1.key) ? 1 : 0, $1.key) }
        return sorted.map { name, value in
            var model: PageModel = ["name": name, "value": value.string ?? DemoJSON.pretty(value)]
            if times.contains(name), let seconds = value.double {
                model["time"] = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
            }
            return model
        }
    }

    private static let ofToken: Set<String> = [
        "iss", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash", "auth_time", "acr", "amr", "sid",
    ]
    private static let times: Set<String> = ["iat", "exp", "nbf", "auth_time", "updated_at"]

    /// A token as it travels, and what is in it where it is a JWT.
    private static func token(_ text: String) -> PageModel {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = decoded(parts[0]), let payload = decoded(parts[1]) else { return ["text": text] }
        return [
            "text": text, "isJWT": true, "header": header, "payload": payload,
            "part1": String(parts[0]), "part2": String(parts[1]), "part3": String(parts[2]),
        ]
    }

    private static func decoded(_ part: Substring) -> String? {
        Base64URL.decode(part).flatMap { try? JSONValue(parsing: $0) }.map { DemoJSON.pretty($0) }
    }
}
