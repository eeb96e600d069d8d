import Crypto
import FoundationEssentials
import OAuthProtocol

/// Verifies what a provider signs: ID tokens (OpenID Connect Core §3.1.3.7) and logout tokens.
struct FederationIDToken: Sendable {
    let provider: FederationProvider
    let documents: FederationDocuments

    /// - Parameters:
    ///   - nonce: what the request carried; nil where the provider is known to send none back.
    ///   - accessToken: compared with `at_hash`, where there is one.
    ///   - authenticatedAfter: the person was asked to prove themselves anew since.
    ///   - requiresTime: whether the token must then say when they did.
    /// - Returns: the claims.
    /// - Throws: ``FederationFailure``.
    func check(
        _ token: String, nonce: String?, accessToken: String?, authenticatedAfter: Date?, requiresTime: Bool, now: Date
    ) async throws(FederationFailure) -> JSONValue {
        let claims = try await verify(token, types: ["JWT"], what: "ID token", now: now)
        try checkIssuer(claims)
        try checkAudience(claims)
        if let nonce {
            guard let said = claims["nonce"]?.string, ConstantTime.equal(said, nonce) else { throw .untrusted("ID token: wrong nonce") }
        }
        if let accessToken, let hash = claims["at_hash"] {
            guard hash.string == Self.leftHalfHash(accessToken, algorithm: try? CompactJWS(parsing: token).header.algorithm) else {
                throw .untrusted("ID token: wrong at_hash")
            }
        }
        if let authenticatedAfter {
            // A provider that doesn't say when may have answered with a session of last week (Core §3.1.3.7, 13).
            let time = claims["auth_time"]?.double
            guard time != nil || !requiresTime else { throw .unproven("ID token: no auth_time") }
            guard (time ?? .infinity) + Double(provider.clockTolerance) >= authenticatedAfter.timeIntervalSince1970 else {
                throw .unproven("ID token: sign-in is too old")
            }
        }
        try checkNames(claims)
        return claims
    }

    /// Core §3.1.3.6: with the hash of the signature, which for Ed25519 is SHA-512 (RFC 8032 §5.1).
    private static func leftHalfHash(_ accessToken: String, algorithm: String?) -> String {
        let bytes = Array(accessToken.utf8)
        return algorithm == "EdDSA"
            ? Base64URL.encode(SHA512.hash(data: bytes).prefix(32)) : Base64URL.encode(SHA256.hash(data: bytes).prefix(16))
    }

    /// Whom and which session a token means: what no database takes for text is refused, not left out.
    func checkNames(_ claims: JSONValue) throws(FederationFailure) {
        for name in ["sub", "sid"] {
            guard let value = claims[name], !value.isNull else { continue }
            guard let text = value.string, FederationProfile.isIdentifier(text) else { throw .untrusted("token: malformed \(name)") }
        }
    }

    /// Header, key and signature, and the times; `exp` must be there.
    func verify(_ token: String, types: [String], what: String, now: Date) async throws(FederationFailure) -> JSONValue {
        let rules = JWTVerification(
            types: types, isTypeOptional: true, algorithms: Set(provider.algorithms), issuer: nil, audience: provider.clientID,
            clockTolerance: .seconds(provider.clockTolerance))
        let keys = try await documents.keys(provider, now: now)
        do {
            return try await rules.verify(token, key: { try VerificationKey(try keys.require(for: $0)) }, now: now)
        } catch JWTRefusal.unknownKey {
            // It may have been published a moment ago (Core §10.1.1); also how a key that was taken back is noticed.
        } catch {
            throw .untrusted("\(what): \(error)")
        }
        let renewed = try await documents.renewedKeys(provider, now: now)
        do {
            return try await rules.verify(token, key: { try VerificationKey(try renewed.require(for: $0)) }, now: now)
        } catch {
            throw .untrusted("\(what): \(error)")
        }
    }

    func checkIssuer(_ claims: JSONValue) throws(FederationFailure) {
        guard let said = claims["iss"]?.string else { throw .untrusted("token: no issuer") }
        if let template = provider.issuerTemplate {
            // https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#multitenant-applications
            guard let tenant = claims["tid"]?.string, FederationProvider.isTenant(tenant),
                said == template.replacing("{tenantid}", with: tenant)
            else {
                throw .untrusted("token: wrong issuer")
            }
            guard isExpected(tenant) else { throw .untrusted("token: wrong tenant") }
            return
        }
        guard ([provider.issuer].compactMap(\.self) + provider.issuerAliases).contains(where: { $0.utf8.elementsEqual(said.utf8) }) else {
            throw .untrusted("token: wrong issuer")
        }
    }

    /// Whom identities of these claims are recorded under: one spelling for all aliases, a tenant's own where there are tenants.
    func issuer(of claims: JSONValue) -> String {
        provider.issuerTemplate == nil ? provider.issuer ?? "" : claims["iss"]?.string ?? ""
    }

    /// `aud` holds us (checked with the signature); where it holds others as well, or `azp` is there, we must be who it was issued to.
    private func checkAudience(_ claims: JSONValue) throws(FederationFailure) {
        let party = claims["azp"]
        if let party {
            guard party.string == provider.clientID else { throw .untrusted("ID token: issued to another client") }
        } else if let audiences = claims["aud"]?.strings, audiences.count > 1 {
            throw .untrusted("ID token: several audiences and no azp")
        }
    }

    /// A tenant that the settings name is the only one; `common`, `organizations` and `consumers` are what Microsoft says they are.
    private func isExpected(_ tenant: String) -> Bool {
        switch provider.tenant {
        case "common": true
        case "organizations": tenant != Self.consumersTenant
        case "consumers": tenant == Self.consumersTenant
        case let named: named == tenant
        }
    }

    /// All personal accounts.
    private static let consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
}
