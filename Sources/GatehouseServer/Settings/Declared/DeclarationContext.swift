/// What the lists of the settings know of each other while they are read: names once given, and what may be referred to.
struct DeclarationContext {
    /// OpenID Connect Core §5.4 and §11, and the scope that lets a service introspect any token.
    static let standardScopes: Set = [
        "openid", "profile", "email", "address", "phone", "offline_access", "introspect", "keys", "keys:admin",
    ]

    let local: Bool
    var resources: Set<String> = []
    var scopes = Self.standardScopes
    var clientIDs: Set<String> = []
    var usernames: Set<String> = []

    init(local: Bool) {
        self.local = local
    }
}
