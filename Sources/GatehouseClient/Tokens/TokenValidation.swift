import FoundationEssentials
import OAuthProtocol

/// Validates access tokens by the published keys alone (RFC 9068 §4).
struct TokenValidation: Sendable {
    private let documents: IssuerDocuments
    private let rules: JWTVerification

    init(_ documents: IssuerDocuments, audience: String, clockTolerance: Duration) {
        self.documents = documents
        rules = JWTVerification(
            types: ["at+jwt"], issuer: documents.address.issuer, audience: audience, clockTolerance: clockTolerance)
    }

    /// - Throws: `GatehouseRefusal`; ``GatehouseError/unavailable(_:)``.
    func validate(_ token: String, certificate: [UInt8]?, key: JWKThumbprint?, now: Date) async throws -> GatehouseCaller {
        // What can't be a token of the issuer costs no request.
        do { _ = try CompactJWS(parsing: token) } catch { throw GatehouseRefusal(error) }
        let claims = try await claims(token, now: now)
        try TokenBinding.check(claims, certificate: certificate, key: key)
        return try CallerClaims(claims).accessToken()
    }

    private func claims(_ token: String, now: Date) async throws -> JSONValue {
        do {
            return try await verify(token, by: documents.keys(now: now), now: now)
        } catch GatehouseRefusal.unknownKey {
            // The keys may have changed since they were fetched.
            guard let newer = try? await documents.renewedKeys(now: now) else { throw GatehouseRefusal.unknownKey }
            return try await verify(token, by: newer, now: now)
        }
    }

    private func verify(_ token: String, by keys: IssuerKeys, now: Date) async throws -> JSONValue {
        do {
            return try await rules.verify(token, key: { try keys.require(for: $0) }, now: now)
        } catch {
            throw GatehouseRefusal(error)
        }
    }
}
