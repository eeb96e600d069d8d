import HTTPTypes

/// What proxies say of the request that they ask about.
extension HTTPField.Name {
    static let xOriginalURI = forwardAuth("X-Original-URI")
    static let xOriginalMethod = forwardAuth("X-Original-Method")
    static let xForwardedURI = forwardAuth("X-Forwarded-Uri")
    static let xForwardedMethod = forwardAuth("X-Forwarded-Method")
    static let xForwardedProto = forwardAuth("X-Forwarded-Proto")
    static let xForwardedHost = forwardAuth("X-Forwarded-Host")
    static let forwardedHost = forwardAuth("Host")
    static let secFetchMode = forwardAuth("Sec-Fetch-Mode")
}

/// What the door tells the service behind it.
extension HTTPField.Name {
    static let gatehouseSubject = forwardAuth("X-Gatehouse-Subject")
    static let gatehouseKind = forwardAuth("X-Gatehouse-Kind")
    static let gatehouseClient = forwardAuth("X-Gatehouse-Client")
    static let gatehouseUser = forwardAuth("X-Gatehouse-User")
    static let gatehouseScopes = forwardAuth("X-Gatehouse-Scopes")
    static let gatehouseRoles = forwardAuth("X-Gatehouse-Roles")
    static let gatehouseIdentity = forwardAuth("X-Gatehouse-Identity")
    /// Beside a refusal, for the proxy's own configuration and its log.
    static let gatehouseReason = forwardAuth("X-Gatehouse-Reason")
    /// Where a browser signs in.
    static let gatehouseSignIn = forwardAuth("X-Gatehouse-Sign-In")

    private static func forwardAuth(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a field name: \(name)") }
        return name
    }
}
