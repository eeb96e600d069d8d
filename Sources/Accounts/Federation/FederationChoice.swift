/// A provider as pages show it: a button.
package struct FederationChoice: Sendable, Equatable {
    /// Stands in addresses: lower-case letters, digits and hyphens.
    package let id: String
    /// What people read.
    package let name: String
    package let icon: FederationIcon

    package init(id: String, name: String, icon: FederationIcon) {
        self.id = id
        self.name = name
        self.icon = icon
    }
}

/// The drawn icons that a provider can have; pages draw them without asking anybody else.
package enum FederationIcon: String, Sendable, Codable, CaseIterable {
    case google, github, apple, microsoft, gitlab, discord, facebook, linkedin
    /// Any other.
    case key, building
}
