import Credentials
import FoundationEssentials
import Guard
import HTTPTypes
import Hummingbird
import OAuth
import OAuthProtocol
import Web

/// Finds out who calls the machine API. Every form of proof can be switched off.
package struct CallerAuthentication: Sendable {
    private let site: Site
    /// Scheme, host and port under which this server is reached.
    private let origins: [String]
    private let accepted: Set<Caller.Proof>
    private let tokens: AccessTokenVerification
    private let keys: APIKeyDirectory
    private let clients: ClientAuthentication
    private let signatures: SignedRequestVerification
    private let certificates: CertificateCallers
    /// The services that a client speaks for.
    private let spokenFor: @Sendable (String) -> [String]

    package init(
        site: Site, origins: [String], accepted: Set<Caller.Proof> = Set(Caller.Proof.allCases), tokens: AccessTokenVerification,
        keys: APIKeyDirectory,
        clients: ClientAuthentication, signatures: SignedRequestVerification, certificates: CertificateCallers,
        spokenFor: @escaping @Sendable (String) -> [String]
    ) {
        self.site = site
        self.origins = origins
        self.accepted = accepted
        self.tokens = tokens
        self.keys = keys
        self.clients = clients
        self.signatures = signatures
        self.certificates = certificates
        self.spokenFor = spokenFor
    }

    /// - Parameters:
    ///   - demand: what the place asks; nil: what the machine API does.
    ///   - notes: learns of the limit that the caller's key brings.
    /// - Returns: nil when there is no proof.
    /// - Throws: `invalid_token`, `invalid_client`, `too_many_requests`; `PostgresError`.
    package func find(
        _ evidence: CallerEvidence, demand: CallerDemand? = nil, noting notes: RequestNotes? = nil, now: Date
    ) async throws -> Caller? {
        let demand = demand ?? ownDemand
        guard let header = try Self.authorization(evidence) else {
            if let caller = try await signatureCaller(evidence, demand, noting: notes, now: now) { return caller }
            return try await certificateCaller(evidence, demand, now: now)
        }
        try refuseSecondProof(evidence)
        if let token = try PresentedToken(authorization: header) {
            return try await tokenCaller(token, evidence, demand, noting: notes, now: now)
        }
        return try await clientCaller(evidence, demand, now: now)
    }

    /// As ``find(_:demand:noting:now:)``, from memory alone.
    /// - Returns: nil where something has to be looked up first; `.some(nil)` when there is no proof.
    package func findInPlace(_ evidence: CallerEvidence, demand: CallerDemand, now: Date) throws -> Caller?? {
        guard evidence.headers[.signatureInput] == nil, evidence.certificates.isEmpty else { return nil }
        guard let header = try Self.authorization(evidence) else { return .some(nil) }
        guard let shown = try PresentedToken(authorization: header), shown.scheme == .bearer else { return nil }
        if Self.isToken(shown.text) {
            guard demand.accepted.contains(.accessToken),
                let token = try tokens.requireInPlace(shown, certificates: evidence.certificates, now: now)
            else { return nil }
            return .some(try caller(token, demand))
        }
        guard demand.accepted.contains(.apiKey) else { return nil }
        do {
            guard let key = try keys.requireInPlace(shown.text, from: evidence.address, now: now) else { return nil }
            return .some(try caller(key, demand))
        } catch let refusal as APIKeyRefusal {
            throw Self.refused(refusal)
        }
    }

    private var ownDemand: CallerDemand { CallerDemand(accepted: accepted, audience: site.issuer) }

    private static func authorization(_ evidence: CallerEvidence) throws(OAuthError) -> String? {
        let values = evidence.headers[values: .authorization]
        guard values.count <= 1 else { throw .invalidRequest("There is more than one Authorization header.") }
        return values.first
    }

    /// Who sent a request to this server. Its body is still there afterwards.
    /// - Parameter countsCertificate: whether a certificate alone is a proof.
    package func find(
        _ request: inout Request, _ context: GatehouseContext, countsCertificate: Bool = true, now: Date
    ) async throws -> Caller? {
        var demand = ownDemand
        if !countsCertificate { demand.accepted.remove(.clientCertificate) }
        let evidence = try await CallerEvidence.read(&request, context, site: site, origins: origins)
        let caller = try await find(evidence, demand: demand, noting: context.rateLimits, now: now)
        if let caller { context.notes.note(caller.proof.requestCaller) }
        return caller
    }

    /// - Throws: as ``find(_:_:countsCertificate:now:)``, and `invalid_token` with the bare challenge when there is no proof.
    package func require(_ request: inout Request, _ context: GatehouseContext, now: Date) async throws -> Caller {
        let evidence = try await CallerEvidence.read(&request, context, site: site, origins: origins)
        guard let caller = try await find(evidence, noting: context.rateLimits, now: now) else {
            throw Self.wantingSignature(.missingAccessToken(), evidence, ownDemand)
        }
        context.notes.note(caller.proof.requestCaller)
        return caller
    }

    /// For an endpoint that reads `Authorization` itself.
    /// - Throws: `invalid_request` where a signature under a key of ours stands beside it.
    package func refuseSecondProof(_ request: inout Request, _ context: GatehouseContext) async throws {
        guard request.headers[.signatureInput] != nil else { return }
        try refuseSecondProof(try await CallerEvidence.read(&request, context, site: site, origins: origins))
    }

    /// Three parts: a token of ours. Anything else can only be a key.
    private static func isToken(_ text: String) -> Bool { text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 }

    private func tokenCaller(
        _ token: PresentedToken, _ evidence: CallerEvidence, _ demand: CallerDemand, noting notes: RequestNotes?, now: Date
    ) async throws -> Caller {
        if Self.isToken(token.text) {
            guard demand.accepted.contains(.accessToken) else { throw OAuthError.invalidToken(reason: "access tokens are switched off") }
            return try caller(try await tokens.require(token, from: evidence.sender, now: now), demand)
        }
        guard token.scheme == .bearer else { throw OAuthError.unboundToken(reason: "shown as DPoP, and no access token") }
        guard demand.accepted.contains(.apiKey) else { throw OAuthError.invalidToken(reason: "API keys are switched off") }
        do {
            return try caller(try await keys.require(token.text, from: evidence.address, noting: notes, now: now), demand)
        } catch let refusal as APIKeyRefusal {
            throw Self.refused(refusal)
        }
    }

    private static func refused(_ refusal: APIKeyRefusal) -> OAuthError { .invalidToken(reason: "API key: \(refusal.rawValue)") }

    private func clientCaller(_ evidence: CallerEvidence, _ demand: CallerDemand, now: Date) async throws -> Caller {
        guard demand.accepted.contains(.clientSecret) else { throw OAuthError.invalidClient(reason: "client secrets are switched off") }
        let client = try await clients.authenticate(
            evidence.headers, try OAuthProtocol.Parameters([]), from: evidence.address.map(AddressKey.make), now: now)
        return Caller(
            proof: .clientSecret, subject: client.id, userID: nil, clientID: client.id, scopes: client.scopes,
            audiences: spokenFor(client.id), roles: client.roles, credentialID: nil)
    }

    /// Where certificates are not accepted one says nothing, as it does on every connection that brings it along.
    private func certificateCaller(_ evidence: CallerEvidence, _ demand: CallerDemand, now: Date) async throws -> Caller? {
        guard demand.accepted.contains(.clientCertificate), !evidence.certificates.isEmpty else { return nil }
        let found: CertificateCallers.Found
        do {
            found = try await certificates.require(evidence.certificates, now: now)
        } catch let refusal as CertificateRefusal {
            throw OAuthError.invalidToken("The client certificate is not valid.", reason: "certificate: \(refusal.rawValue)")
        }
        return Caller(
            proof: .clientCertificate, subject: found.client.id, userID: nil, clientID: found.client.id, scopes: found.scopes,
            audiences: spokenFor(found.client.id), roles: found.client.roles, credentialID: found.certificate.thumbprint.description)
    }

    private func caller(_ token: AccessToken, _ demand: CallerDemand) throws(OAuthError) -> Caller {
        // RFC 9068 §4: a token narrowed to another service is not for this one, which could have sent it on.
        guard token.audiences.contains(demand.audience) else { throw .invalidToken(reason: "not in the audience") }
        return Caller(
            proof: .accessToken, subject: token.subject, userID: token.userID, clientID: token.clientID, scopes: token.scopes,
            audiences: spokenFor(token.clientID), roles: token.roles, credentialID: token.id)
    }

    private func caller(_ key: APIKey, _ demand: CallerDemand) throws(OAuthError) -> Caller {
        guard key.kind != .publishable || demand.acceptsPublishableKeys else { throw .invalidToken(reason: "a publishable API key") }
        // What its owner may do is not what everybody who has seen the key may do.
        return try caller(key.credential, .apiKey, demand, roles: key.kind == .publishable ? [] : key.ownerRoles)
    }

    private func caller(
        _ credential: Credential, _ proof: Caller.Proof, _ demand: CallerDemand, roles: [String]? = nil
    ) throws(OAuthError) -> Caller {
        let audiences = credential.terms.audiences
        guard demand.admits(audiences) else { throw .invalidToken(reason: "\(proof.rawValue): audience") }
        var userID: UUID?
        var clientID: String?
        switch credential.terms.owner {
        case .user(let id): userID = id
        case .client(let id): clientID = id
        }
        return Caller(
            proof: proof, subject: credential.subject, userID: userID, clientID: clientID, scopes: credential.terms.scopes,
            audiences: clientID.map(spokenFor) ?? [], roles: roles ?? credential.ownerRoles, credentialID: credential.id)
    }

    // MARK: Signatures

    /// - Returns: nil where no signature names a key of ours: a proxy's for one is no proof, and is passed over (RFC 9421 §3.2).
    private func signatureCaller(
        _ evidence: CallerEvidence, _ demand: CallerDemand, noting notes: RequestNotes?, now: Date
    ) async throws -> Caller? {
        guard evidence.isSigned else { return nil }
        if let keyIDs = try? evidence.message.signatureKeyIDs, !keyIDs.contains(where: SignatureKeyID.isOurs) { return nil }
        guard demand.accepted.contains(.signature) else { throw Self.refused(evidence, demand, reason: "switched off") }
        do {
            let request = try await signatures.require(
                { () throws(MessageSignatureRefusal) in try evidence.message }, from: evidence.address, asker: nil, noting: notes, now: now
            ) { credential throws(SignedRequestRefusal) in
                guard demand.admits(credential.terms.audiences) else { throw .audience }
            }
            return try caller(request.key.credential, .signature, demand)
        } catch let refusal as SignedRequestRefusal {
            throw Self.refused(evidence, demand, reason: refusal.reason)
        }
    }

    private static func refused(_ evidence: CallerEvidence, _ demand: CallerDemand, reason: String) -> OAuthError {
        wantingSignature(.invalidToken("The signature is not accepted.", reason: "signature: \(reason)"), evidence, demand)
    }

    /// No authentication scheme is registered for signatures, so the challenge is that of tokens (RFC 9110 §11.6.1 wants one), and
    /// `Accept-Signature` says what a signature would have to cover (RFC 9421 §5.1). It has no way to ask for a `nonce` or `keyid` of
    /// the signer's choice.
    private static func wantingSignature(_ error: OAuthError, _ evidence: CallerEvidence, _ demand: CallerDemand) -> OAuthError {
        guard demand.accepted.contains(.signature) else { return error }
        var error = error
        error.acceptSignature =
            evidence.hasBody ? #"sig=("@method" "@target-uri" "content-digest");created"# : #"sig=("@method" "@target-uri");created"#
        return error
    }

    /// A caller proves itself in one way (RFC 6749 §2.3, RFC 6750 §2): of a token and a signature of different owners, it would be
    /// open which one acts.
    private func refuseSecondProof(_ evidence: CallerEvidence) throws {
        guard evidence.isSigned, let keyIDs = try? evidence.message.signatureKeyIDs else { return }
        guard !keyIDs.contains(where: SignatureKeyID.isOurs) else {
            throw OAuthError.invalidRequest("The request proves its caller twice: by Authorization and by a signature.")
        }
    }
}
