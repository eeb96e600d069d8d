import Credentials
import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuth
import OAuthProtocol
import Web

/// Finds out who calls the machine API. Every form of proof can be switched off.
package struct CallerAuthentication: Sendable {
    private let site: Site
    private let accepted: Set<Caller.Proof>
    private let tokens: AccessTokenVerification
    private let keys: APIKeyDirectory
    private let clients: ClientAuthentication
    /// The services that a client speaks for.
    private let spokenFor: @Sendable (String) -> [String]

    package init(
        site: Site, accepted: Set<Caller.Proof> = Set(Caller.Proof.allCases), tokens: AccessTokenVerification, keys: APIKeyDirectory,
        clients: ClientAuthentication, spokenFor: @escaping @Sendable (String) -> [String]
    ) {
        self.site = site
        self.accepted = accepted
        self.tokens = tokens
        self.keys = keys
        self.clients = clients
        self.spokenFor = spokenFor
    }

    /// - Parameter notes: learns of the limit that the caller's key brings.
    /// - Returns: nil when there is no proof.
    /// - Throws: `invalid_token`, `invalid_client`, `too_many_requests`; `PostgresError`.
    package func find(_ evidence: CallerEvidence, noting notes: RateLimitNotes? = nil, now: Date) async throws -> Caller? {
        let values = evidence.headers[values: .authorization]
        guard values.count <= 1 else { throw OAuthError.invalidRequest("There is more than one Authorization header.") }
        guard let header = values.first else { return nil }
        if let bearer = try BearerToken(authorization: header) {
            return try await bearerCaller(bearer.text, evidence, noting: notes, now: now)
        }
        return try await clientCaller(evidence, now: now)
    }

    /// Who sent a request to this server. Its body is still there afterwards.
    package func find(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> Caller? {
        try await find(try await CallerEvidence.read(&request, context, site: site), noting: context.rateLimits, now: now)
    }

    /// - Throws: as ``find(_:now:)``, and `invalid_token` with the bare challenge when there is no proof.
    package func require(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> Caller {
        guard let caller = try await find(&request, context, now: now) else { throw OAuthError.missingToken() }
        return caller
    }

    private func bearerCaller(_ text: String, _ evidence: CallerEvidence, noting notes: RateLimitNotes?, now: Date) async throws -> Caller {
        // Three parts: a token of ours. Anything else can only be a key.
        if text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 {
            guard accepted.contains(.accessToken) else { throw OAuthError.invalidToken(reason: "access tokens are switched off") }
            let token = try await tokens.verify(text, now: now)
            // RFC 9068 §4: a token narrowed to another service is not for this one, which could have sent it on.
            guard token.audiences.contains(site.issuer) else { throw OAuthError.invalidToken(reason: "not in the audience") }
            return Caller(
                proof: .accessToken, subject: token.subject, userID: token.userID, clientID: token.clientID, scopes: token.scopes,
                audiences: spokenFor(token.clientID), roles: token.roles, credentialID: token.id)
        }
        guard accepted.contains(.apiKey) else { throw OAuthError.invalidToken(reason: "API keys are switched off") }
        let key: APIKey
        do {
            key = try await keys.require(text, from: evidence.address, noting: notes, now: now)
        } catch let refusal as APIKeyRefusal {
            throw OAuthError.invalidToken(reason: "API key: \(refusal.rawValue)")
        }
        // Everybody may hold a publishable key, so it proves nothing here.
        guard key.kind != .publishable else { throw OAuthError.invalidToken(reason: "a publishable API key") }
        return caller(key)
    }

    private func clientCaller(_ evidence: CallerEvidence, now: Date) async throws -> Caller {
        guard accepted.contains(.clientSecret) else { throw OAuthError.invalidClient(reason: "client secrets are switched off") }
        let client = try await clients.authenticate(
            evidence.headers, try OAuthProtocol.Parameters([]), from: evidence.address.map(AddressKey.make), now: now)
        return Caller(
            proof: .clientSecret, subject: client.id, userID: nil, clientID: client.id, scopes: client.scopes,
            audiences: spokenFor(client.id), roles: client.roles, credentialID: nil)
    }

    private func caller(_ key: APIKey) -> Caller {
        var userID: UUID?
        var clientID: String?
        switch key.owner {
        case .user(let id): userID = id
        case .client(let id): clientID = id
        }
        return Caller(
            proof: .apiKey, subject: key.subject, userID: userID, clientID: clientID, scopes: key.scopes,
            audiences: clientID.map(spokenFor) ?? [], roles: key.ownerRoles, credentialID: key.id)
    }
}
