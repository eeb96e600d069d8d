import OAuthProtocol

/// Which scopes a client that registered itself may ask for: what it names of the scopes of OpenID Connect and of declared resources.
struct RegistrationScopes: Sendable {
    let settings: OAuthSettings

    func judge(_ metadata: ClientMetadata) throws(OAuthError) -> ScopeSet {
        let audiences = Audiences(settings)
        guard let asked = metadata.scope else {
            // OpenID Connect's own, when the client says nothing.
            return ScopeSet(Audiences.ownScopes.sorted())
        }
        guard asked.array.allSatisfy({ audiences.isKnown(scope: $0) && !Audiences.machineScopes.contains($0) }) else {
            throw .invalidClientMetadata("scope names a scope that is not known")
        }
        return asked
    }
}
