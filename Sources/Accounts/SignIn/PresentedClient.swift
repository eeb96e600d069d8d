import OAuthProtocol
import Web

/// The application that a person is signing in to: what pages say of it, and where its forms may lead.
package struct PresentedClient: Sendable {
    package var page: PageClient
    /// Proven; the page's `form-action` names it, or browsers block the way back.
    package var redirectURI: String
    /// Where the application may send the browser on from there, by what it registered.
    package var onwardTargets: [String]
    /// Whether it waits in the window that opened this one.
    package var isPopup: Bool

    package init(page: PageClient, redirectURI: String, onwardTargets: [String] = [], isPopup: Bool = false) {
        self.page = page
        self.redirectURI = redirectURI
        self.onwardTargets = onwardTargets
        self.isPopup = isPopup
    }

    init?(_ json: JSONValue) {
        guard let name = json["name"]?.string, let redirectURI = json["redirect_uri"]?.string else { return nil }
        self.init(
            page: PageClient(
                name: name, logoURI: json["logo_uri"]?.string, uri: json["client_uri"]?.string, policyURI: json["policy_uri"]?.string,
                tosURI: json["tos_uri"]?.string, isUnverified: json["unverified"]?.bool ?? false),
            redirectURI: redirectURI, onwardTargets: json["onward"]?.strings ?? [], isPopup: json["popup"]?.bool ?? false)
    }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(page.name), "redirect_uri": .string(redirectURI), "unverified": .bool(page.isUnverified),
        ]
        if !onwardTargets.isEmpty { members["onward"] = .strings(onwardTargets) }
        if isPopup { members["popup"] = true }
        members["logo_uri"] = page.logoURI.map(JSONValue.string)
        members["client_uri"] = page.uri.map(JSONValue.string)
        members["policy_uri"] = page.policyURI.map(JSONValue.string)
        members["tos_uri"] = page.tosURI.map(JSONValue.string)
        return .object(members)
    }

    package var pagePolicy: PagePolicy {
        PagePolicy(imageURIs: page.logoURI.map { [$0] } ?? [], formTargetURIs: [redirectURI] + onwardTargets, isIsolated: !isPopup)
    }
}
