import FoundationEssentials
import Logging
import OAuthProtocol
import Runtime

/// A service's side of Gatehouse: who is calling, and who are we.
///
/// ```swift
/// let gatehouse = try GatehouseClient(
///     issuer: "https://id.example", audience: "https://notes.example",
///     credentials: .clientSecret(id: "notes", secret: secret))
/// let caller = try await gatehouse.authenticate(token: bearer)
/// try caller.require("notes:read")
/// ```
///
/// Make one and keep it: it holds the server's published keys and what the server said a moment ago. Nothing is fetched before it is
/// needed, so either may start first, and nothing has to be shut down. Instants come from one clock (``GatehouseOptions/now``).
public final class GatehouseClient: Sendable {
    /// The issuer, exactly as tokens name it.
    public let issuer: String
    /// This service, as tokens name it.
    public let audience: String

    private let options: GatehouseOptions
    private let randomness: any Randomness
    private let logger: Logger
    private let validation: TokenValidation
    private let server: ServerVerification
    private let tokens: TokenRequests
    private let signatures: SignatureVerification
    private let proofs: TokenProofs
    private let prover: TokenProver?

    /// - Parameters:
    ///   - issuer: the server's issuer identifier (RFC 8414 §2): https, or http on the loopback interface; without a trailing slash.
    ///   - audience: the resource identifier of this service in the server's settings. Tokens for another are refused.
    ///   - credentials: how this service proves itself where it asks the server something. Access tokens alone need none.
    ///   - proofKey: what this service's own tokens are bound to (DPoP, RFC 9449), so that they are of no use to whoever steals one; nil: bearer tokens.
    ///   - options: what differs from the defaults.
    ///   - logger: hears of refusals (debug) and of trouble with the server (warning), never of a credential.
    /// - Throws: ``GatehouseError/misconfigured(_:)``.
    public init(
        issuer: String, audience: String, credentials: GatehouseCredentials = .none, proofKey: GatehouseProofKey? = nil,
        options: GatehouseOptions = GatehouseOptions(), logger: Logger = Logger(label: "gatehouse-client")
    ) throws(GatehouseError) {
        try options.check()
        try credentials.check()
        guard !audience.isEmpty else { throw .misconfigured("the audience is empty") }
        let address = try IssuerAddress(issuer: issuer, address: options.address)
        let transport = Transport(options)
        let documents = IssuerDocuments(address, transport: transport, options: options)
        self.issuer = issuer
        self.audience = audience
        self.options = options
        self.logger = logger
        let randomness = SystemRandomness()
        let prover = proofKey.map { TokenProver($0, randomness: randomness) }
        let proven = ProvenTransport(
            transport: transport, prover: prover, address: address, answerBytesMax: options.answerBytesMax)
        self.randomness = randomness
        self.prover = prover
        validation = TokenValidation(documents, audience: audience, clockTolerance: options.clockTolerance)
        tokens = TokenRequests(credentials, documents: documents, transport: proven, options: options)
        server = ServerVerification(
            credentials, audience: audience, documents: documents, transport: proven, tokens: tokens, options: options)
        signatures = SignatureVerification(options)
        proofs = TokenProofs(options)
    }

    // MARK: Who is calling

    /// Validates an access token (RFC 9068 §4) by the server's published keys, mostly without a request: signature (ES256 or RS256, never
    /// what the token chooses), `typ`, issuer, audience, times, and the certificate or DPoP key that it is bound to (RFC 8705 §3, RFC 9449 §7.1).
    ///
    /// A revoked token is accepted until it ends; where that is too long, use ``introspect(_:certificate:proof:)``.
    /// - Parameters:
    ///   - token: as it stood behind `Authorization: Bearer` or `Authorization: DPoP`.
    ///   - certificate: the certificate that the TLS peer has proven to hold the key of, in DER.
    ///   - proof: for a token behind `DPoP`, and for no other. It counts once: in this process.
    /// - Throws: ``GatehouseError/refused(_:)``; ``GatehouseError/unavailable(_:)`` where there are no keys to check it with.
    public func authenticate(
        token: String, certificate: [UInt8]? = nil, proof: GatehouseTokenProof? = nil
    ) async throws -> GatehouseCaller {
        let now = options.present
        return try await proven(token, by: proof, now: now) { key in
            try await validation.validate(token, certificate: certificate, key: key, now: now)
        }
    }

    /// Asks the server about a token or API key (RFC 7662), and so hears of revocations. The answer is remembered for
    /// ``GatehouseOptions/cacheAgeMax``.
    /// - Parameters:
    ///   - token: an access token or an API key.
    ///   - certificate, proof: as in ``authenticate(token:certificate:proof:)``.
    /// - Throws: any ``GatehouseError``.
    public func introspect(
        _ token: String, certificate: [UInt8]? = nil, proof: GatehouseTokenProof? = nil
    ) async throws -> GatehouseCaller {
        let now = options.present
        return try await proven(token, by: proof, now: now) { key in
            try await server.introspect(token, certificate: certificate, key: key, now: now)
        }
    }

    /// Looks at the proof, then at the token; when both are good the proof is used up.
    private func proven(
        _ token: String, by proof: GatehouseTokenProof?, now: Date, _ work: (_ key: JWKThumbprint?) async throws -> GatehouseCaller
    ) async throws -> GatehouseCaller {
        try await told {
            guard let proof else { return try await work(nil) }
            let checked = try await proofs.check(proof, token: token, now: now)
            let caller = try await work(checked.thumbprint)
            try proofs.consume(checked, now: now)
            return caller
        }
    }

    /// Verifies an API key. A mistyped one is found by its checksum and costs no request; the server's answer is remembered for
    /// ``GatehouseOptions/cacheAgeMax``, so that a revoked key may work on for as long.
    /// - Parameters:
    ///   - apiKey: as it stood behind `Authorization: Bearer`.
    ///   - address: the numeric address that it came from; a key may be bound to networks, and is then refused without one.
    /// - Throws: any ``GatehouseError``.
    public func authenticate(apiKey: String, address: String? = nil) async throws -> GatehouseCaller {
        let now = options.present
        return try await told { try await server.verify(key: apiKey, address: address, now: now) }
    }

    /// Whether a text is an API key by its form, so that it goes to ``authenticate(apiKey:address:)``; right or wrong.
    public static func isAPIKey(_ text: String) -> Bool {
        APIKeyText.isClaimed(by: text)
    }

    // MARK: Signed messages

    /// Makes the fields that sign a request or response (RFC 9421): `Content-Digest` where there is a body (RFC 9530), `Signature-Input`
    /// and `Signature`. Covered are method, authority, path and query, or the status, and the digest; `created`, `keyid`, `alg` and a fresh
    /// `nonce` are said.
    /// - Returns: the field lines to add.
    /// - Throws: ``GatehouseError/misconfigured(_:)`` where the message or the key's id can't be signed.
    public func sign(_ message: GatehouseMessage, with key: GatehouseSigningKey) throws(GatehouseError) -> [GatehouseMessage.Field] {
        try SignatureVerification.sign(message, with: key, nonce: Base64URL.encode(randomness.bytes(16)), now: options.present)
    }

    /// Verifies a signed request or response with keys of this service's own. The body must be that of the digest, and a nonce counts once:
    /// in this process. Where several serve one address, let the server count (``authenticate(_:address:)``).
    /// - Parameters:
    ///   - message: with all of its fields and its body.
    ///   - keys: the keys that an id stands for at present – two while one is being replaced, none where it is unknown.
    /// - Throws: ``GatehouseError/refused(_:)``; ``GatehouseError/unavailable(_:)`` where there is no room for another nonce; what `keys`
    ///   throws.
    public func authenticate(
        _ message: GatehouseMessage, keys: (_ id: String) async throws -> [GatehouseTrustedKey]
    ) async throws -> GatehouseCaller {
        let now = options.present
        return try await told { try await signatures.verify(message, keys: keys, now: now) }
    }

    /// Has the server verify a signed request (`POST /v1/signatures/verify`), which knows the keys and counts each nonce once across all
    /// services. The server sees the covered fields but not the body, whose digest is compared here; what is incomplete, stale or of another
    /// body costs no request, everything else one.
    /// - Parameters:
    ///   - request: with all of its fields and its body.
    ///   - address: the numeric address that it came from; a key may be bound to networks, and is then refused without one.
    /// - Throws: any ``GatehouseError``.
    public func authenticate(_ request: GatehouseMessage, address: String? = nil) async throws -> GatehouseCaller {
        let now = options.present
        return try await told { try await server.verify(request, address: address, now: now) }
    }

    // MARK: Who we are

    /// An access token in this service's own name: by client credentials (RFC 6749 §4.4), or by exchange where the service's credential
    /// is an API key. Kept until ``GatehouseOptions/tokenReserve`` before its end; concurrent callers share one request.
    /// - Parameters:
    ///   - scopes: what it shall do; all that the client may where empty.
    ///   - resource: the service that it is for (RFC 8707); what the scopes imply where nil.
    /// - Throws: any ``GatehouseError`` but `refused`.
    public func token(scopes: [String] = [], for resource: String? = nil) async throws -> GatehouseToken {
        let now = options.present
        return try await told { try await tokens.token(scopes: scopes, resource: resource, now: now) }
    }

    /// Exchanges an API key for a short access token (RFC 8693), which services validate by the published keys alone.
    /// - Parameters:
    ///   - apiKey: the key; a mistyped one costs no request.
    ///   - scopes: fewer than the key's; all of them where empty.
    ///   - resource: the service that it is for; what the scopes imply where nil.
    /// - Throws: any ``GatehouseError``; `refused(.inactive)` where the server doesn't take the key.
    public func exchange(apiKey: String, scopes: [String] = [], for resource: String? = nil) async throws -> GatehouseToken {
        let now = options.present
        guard (try? APIKeyText(parsing: apiKey)) != nil else { throw GatehouseError.refused(.checksum) }
        return try await told {
            do {
                return try await tokens.exchange(apiKey, scopes: scopes, resource: resource, now: now)
            } catch GatehouseError.rejected("invalid_request", _) {
                // RFC 8693 §2.2.2: that is what an unusable subject_token is.
                throw GatehouseRefusal.inactive
            }
        }
    }

    /// Redeems the code of a person who has signed in (RFC 6749 §4.1.3), in this client's name and with its ``GatehouseProofKey``. What the
    /// person may be told by, the ID token, isn't looked at: the access token says who it is.
    /// - Parameters:
    ///   - redirectURI: where the code came to, as the authorization request named it.
    ///   - codeVerifier: what the request's `code_challenge` is the hash of (RFC 7636).
    /// - Throws: any ``GatehouseError`` but `refused`; `rejected("invalid_grant", 400)` for a code that is of no use.
    public func redeem(code: String, redirectURI: String, codeVerifier: String) async throws -> GatehouseToken {
        let now = options.present
        return try await told {
            try await tokens.redeem(code, redirectURI: redirectURI, codeVerifier: codeVerifier, now: now)
        }
    }

    /// Renews the tokens of a person by their refresh token (RFC 6749 §6), in this client's name and with its ``GatehouseProofKey``.
    /// Never twice at a time with the same one: each serves once, and the answer's ``GatehouseToken/refreshToken`` takes its place.
    /// - Parameter scopes: fewer than were granted; all of them where empty.
    /// - Throws: any ``GatehouseError`` but `refused`; `rejected("invalid_grant", 400)` where the person has to sign in again.
    public func refresh(_ refreshToken: String, scopes: [String] = []) async throws -> GatehouseToken {
        let now = options.present
        return try await told { try await tokens.refresh(refreshToken, scopes: scopes, now: now) }
    }

    // MARK: Showing a token

    /// What shows a token with one request: `Authorization`, and for a bound one `DPoP` with a proof that is good for this request once
    /// (RFC 9449 §7.1), with the last nonce that the other side has asked for.
    /// - Parameters:
    ///   - method: as sent.
    ///   - uri: the address as the other side knows it; a query doesn't count.
    /// - Throws: ``GatehouseError/misconfigured(_:)`` for a bound token without its key, or an address that is none.
    public func fields(
        showing token: GatehouseToken, method: String, uri: String
    ) throws(GatehouseError) -> [GatehouseMessage.Field] {
        let shown: [GatehouseMessage.Field] = [("Authorization", token.authorization)]
        guard token.isBound else { return shown }
        guard let prover else { throw .misconfigured("a bound token needs its proof key") }
        return shown + [("DPoP", try prover.proof(method, uri, token: token.text, now: options.present))]
    }

    /// Sends a request with a token, by whatever HTTP client, and once more where the other side refuses it for want of its nonce in
    /// the proof (401 with `use_dpop_nonce`, RFC 9449 §9).
    /// - Parameters:
    ///   - method, uri: as in ``fields(showing:method:uri:)``.
    ///   - attempt: sends the request with these field lines added, and says what came back.
    /// - Returns: the answer to the last attempt.
    /// - Throws: ``GatehouseError/misconfigured(_:)``; what `attempt` throws.
    public func send<Answer>(
        showing token: GatehouseToken, method: String, uri: String,
        _ attempt: (_ fields: [GatehouseMessage.Field]) async throws -> (Answer, status: Int, fields: [GatehouseMessage.Field])
    ) async throws -> Answer {
        let first = try await attempt(fields(showing: token, method: method, uri: uri))
        guard let prover, token.isBound, prover.heed(first.status, first.fields, from: uri) else { return first.0 }
        let second = try await attempt(fields(showing: token, method: method, uri: uri))
        _ = prover.heed(second.status, second.fields, from: uri)
        return second.0
    }

    /// Turns refusals into the public error, and tells the log.
    private func told<T>(_ work: () async throws -> T) async throws -> T {
        do {
            do {
                return try await work()
            } catch let refusal as GatehouseRefusal {
                throw GatehouseError.refused(refusal)
            }
        } catch let error as GatehouseError {
            switch error {
            case .refused, .insufficientScope, .rateLimited: logger.debug("\(error)")
            case .unavailable, .rejected, .misconfigured: logger.warning("\(error)")
            }
            throw error
        }
    }
}
