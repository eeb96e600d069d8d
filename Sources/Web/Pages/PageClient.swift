/// How an application shows itself on the pages: the member `client` of a model.
package struct PageClient: Sendable {
    package var name: String
    package var logoURI: String?
    package var uri: String?
    package var policyURI: String?
    package var tosURI: String?
    /// Whether it registered itself and nobody has looked at it.
    package var isUnverified: Bool

    package init(
        name: String, logoURI: String? = nil, uri: String? = nil, policyURI: String? = nil, tosURI: String? = nil,
        isUnverified: Bool = false
    ) {
        self.name = name
        self.logoURI = logoURI
        self.uri = uri
        self.policyURI = policyURI
        self.tosURI = tosURI
        self.isUnverified = isUnverified
    }

    package var model: PageModel {
        [
            "name": name,
            // Stands in for a missing logo.
            "initial": name.first { $0.isLetter || $0.isNumber }.map { String($0).uppercased() },
            "logoURI": logoURI,
            "uri": uri,
            "policyURI": policyURI,
            "tosURI": tosURI,
            "hasLinks": uri != nil || policyURI != nil || tosURI != nil,
            "unverified": isUnverified,
        ]
    }
}
