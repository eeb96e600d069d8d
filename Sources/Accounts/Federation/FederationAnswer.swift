import FoundationEssentials
import OAuthProtocol

/// What a provider sends the browser back with (RFC 6749 §4.1.2, RFC 9207).
struct FederationAnswer: Sendable {
    let state: String
    let code: String?
    let error: String?
    let issuer: String?
    /// Apple's, as JSON.
    let user: JSONValue?

    /// What is kept of a form until the browser comes for it.
    private static let names = ["state", "code", "error", "iss", "user"]

    /// - Throws: `invalid_request` for parameters that are repeated or too long.
    init(_ parameters: Parameters) throws(OAuthError) {
        state = try parameters.required("state", bytesMax: 256)
        code = try parameters.optional("code", bytesMax: 4_096)
        error = try parameters.optional("error", bytesMax: 256)
        issuer = try parameters.optional("iss", bytesMax: 2_048)
        user = try parameters.optional("user", bytesMax: 4_096).flatMap { try? JSONValue(parsing: Array($0.utf8), bytesMax: 4_096) }
    }

    var isEmpty: Bool { code == nil && error == nil }

    /// The parameters that we use, as they came.
    static func kept(_ parameters: Parameters) throws(OAuthError) -> [UInt8] {
        var pairs: [(String, String)] = []
        for name in names {
            if let value = try parameters.optional(name, bytesMax: 4_096) { pairs.append((name, value)) }
        }
        return Array(Parameters.encode(pairs).utf8)
    }

    /// Refuses an answer of another provider than the one that was asked (RFC 9207 §2.4), and passes on what went wrong there.
    /// - Returns: the code.
    /// - Throws: ``FederationFailure``.
    func check(_ provider: FederationProvider, _ endpoints: FederationEndpoints) throws(FederationFailure) -> String {
        if let issuer {
            let known = ([provider.issuer, endpoints.issuer].compactMap(\.self) + provider.issuerAliases)
            guard known.isEmpty || known.contains(where: { $0.utf8.elementsEqual(issuer.utf8) }) else {
                throw .untrusted("answer: wrong issuer")
            }
        } else if endpoints.sendsIssuer {
            throw .untrusted("answer: no issuer")
        }
        switch error {
        case nil: break
        case "server_error", "temporarily_unavailable": throw .unavailable("answer: \(error ?? "")")
        case .some(let name): throw .refused("answer: \(Self.refusals.contains(name) ? name : "error")")
        }
        guard let code else { throw .unavailable("answer: no code") }
        return code
    }

    private static let refusals: Set<String> = [
        "access_denied", "user_cancelled_authorize", "user_cancelled_login", "login_required", "consent_required", "interaction_required",
        "account_selection_required", "invalid_request", "unauthorized_client", "invalid_scope", "unsupported_response_type",
    ]
}
