import OAuthProtocol

/// A person's e-mail address as a provider tells it, and whether it says that it has verified it: both from one source, or a claim of one
/// address would vouch for another.
struct FederationAddress: Sendable, Equatable {
    let email: String?
    /// nil: it says nothing of it.
    let isVerified: Bool?

    init(email: String?, isVerified: Bool?) {
        self.email = email
        self.isVerified = isVerified
    }

    init(_ said: JSONValue, mapping: FederationClaimMapping) {
        email = FederationClaimMapping.find(mapping.email, in: said)?.string
        isVerified = mapping.emailVerified.flatMap { FederationClaimMapping.find($0, in: said) }.flatMap(Self.truth)
    }

    /// Booleans, and Apple's texts of them.
    private static func truth(_ json: JSONValue) -> Bool? {
        json.bool ?? (json.string == "true" ? true : json.string == "false" ? false : json.int == 1 ? true : json.int == 0 ? false : nil)
    }
}
