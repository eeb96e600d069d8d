import OAuthProtocol
import Web

/// What the consent page calls each scope.
struct ScopeDescriptions: Sendable {
    let settings: OAuthSettings

    func describe(_ scopes: ScopeSet) -> [PageModel] {
        scopes.array.map { name in
            let (title, description) = Self.own[name] ?? declared(name) ?? (name, "")
            return ["name": name, "title": title, "description": description.isEmpty ? nil : description]
        }
    }

    private func declared(_ name: String) -> (String, String)? {
        let scopes = settings.scopes + settings.resources.flatMap(\.scopes)
        return scopes.first { $0.name == name }.map { ($0.title, $0.description) }
    }

    private static let own: [String: (String, String)] = [
        "openid": ("Know who you are", "An identifier for your account here"),
        "profile": ("See your profile", "Your name, picture, language and other details that you have given"),
        "email": ("See your e-mail address", "And whether it has been verified"),
        "address": ("See your postal address", ""),
        "phone": ("See your phone number", "And whether it has been verified"),
        "keys": ("Manage your API keys", "Make, list and revoke keys that act for you"),
        "offline_access": ("Stay connected when you are away", "Until you sign out there or take this permission back"),
    ]
}
