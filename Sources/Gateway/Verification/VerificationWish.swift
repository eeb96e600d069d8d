import Credentials
import OAuthProtocol

/// What a service needs of a credential beside that it is good: the same for API keys and signatures.
struct VerificationWish {
    /// The members of a body that say it.
    static let names: Set<String> = ["address", "scope", "audience"]

    /// Why a credential that is right in itself is nothing to who asks.
    enum Flaw {
        case audience
        case scope
    }

    /// Where the credential came from, as the service saw it.
    let address: String?
    private let scopes: ScopeSet
    private let audience: String?

    /// - Throws: `invalid_request`, `invalid_scope`.
    init(_ form: JSONForm) throws {
        address = try form.text("address", bytesMax: 45)
        scopes = try form.scopes("scope") ?? []
        audience = try form.text("audience")
    }

    /// - Parameter caller: the service.
    func judge(_ credential: Credential, _ caller: Caller) -> Flaw? {
        let audiences = credential.terms.audiences
        guard caller.scopes.contains("introspect") || audiences.contains(where: caller.audiences.contains) else { return .audience }
        if let audience, !audiences.contains(audience) { return .audience }
        return scopes.isSubset(of: credential.terms.scopes) ? nil : .scope
    }
}
