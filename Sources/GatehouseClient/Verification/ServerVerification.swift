import FoundationEssentials
import OAuthProtocol
import Runtime

/// Asks the server about credentials, in this service's own name.
struct ServerVerification: Sendable {
    private let credentials: GatehouseCredentials
    private let audience: String
    private let documents: IssuerDocuments
    private let transport: ProvenTransport
    private let tokens: TokenRequests
    private let cache: VerificationCache
    private let options: GatehouseOptions

    init(
        _ credentials: GatehouseCredentials, audience: String, documents: IssuerDocuments, transport: ProvenTransport,
        tokens: TokenRequests,
        options: GatehouseOptions
    ) {
        self.credentials = credentials
        self.audience = audience
        self.documents = documents
        self.transport = transport
        self.tokens = tokens
        self.options = options
        cache = VerificationCache(options)
    }

    // MARK: API keys

    /// `POST /v1/keys/verify`
    func verify(key text: String, address: String?, now: Date) async throws -> GatehouseCaller {
        try checkOffline(text)
        return try await remembered(.init("key", text, address: address), now: now) {
            var json = JSONWriter()
            json.object { json in
                json.field("key", text)
                json.field("address", ifPresent: address)
            }
            let answer = try await post(documents.address.uri("/v1/keys/verify"), "application/json", json.bytes, now: now)
            try checkLimit(answer)
            guard answer["active"] == true else { throw GatehouseRefusal.inactive }
            let caller = try CallerClaims(answer).apiKey()
            // A key that is for nobody in particular is for everybody whom its scopes concern.
            guard caller.audiences.isEmpty || caller.audiences.contains(audience) else { throw GatehouseRefusal.wrongAudience }
            return caller
        }
    }

    /// A mistyped key, and one of a kind that isn't wanted, cost no request.
    private func checkOffline(_ text: String) throws(GatehouseRefusal) {
        guard text.utf8.count <= 512 else { throw .tooLarge }
        guard APIKeyText.isClaimed(by: text) else {
            guard options.acceptsForeignKeys, !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformed }
            return
        }
        do {
            let key = try APIKeyText(parsing: text)
            guard let kind = GatehouseOptions.KeyKind(rawValue: key.kind.rawValue), options.acceptedKeyKinds.contains(kind) else {
                throw GatehouseRefusal.wrongKind
            }
        } catch let refusal as GatehouseRefusal {
            throw refusal
        } catch {
            throw .checksum
        }
    }

    // MARK: Tokens

    /// RFC 7662
    func introspect(_ token: String, certificate: [UInt8]?, key: JWKThumbprint?, now: Date) async throws -> GatehouseCaller {
        guard (1...CompactJWS.bytesMax).contains(token.utf8.count) else { throw GatehouseRefusal.tooLarge }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw GatehouseRefusal.malformed }
        // A bound token is another question with another certificate or key.
        let peer = key.map { "jkt:\($0)" } ?? certificate.map { Base64URL.encode($0) }
        return try await remembered(.init("token", token, address: peer), now: now) {
            guard let uri = try await documents.endpoints(now: now).introspection else {
                throw GatehouseError.unavailable("the server has no introspection endpoint")
            }
            let form = Array(Parameters.encode([("token", token)]).utf8)
            let answer = try await post(uri, "application/x-www-form-urlencoded", form, now: now)
            guard answer["active"] == true else { throw GatehouseRefusal.inactive }
            return try judge(answer, certificate: certificate, key: key)
        }
    }

    private func judge(_ answer: JSONValue, certificate: [UInt8]?, key: JWKThumbprint?) throws(GatehouseRefusal) -> GatehouseCaller {
        guard answer["iss"]?.string == documents.address.issuer else { throw .wrongIssuer }
        let claims = CallerClaims(answer)
        if answer["token_type"]?.string == "api_key" {
            guard key == nil else { throw .wrongBinding }
            guard claims.audiences.isEmpty || claims.audiences.contains(audience) else { throw .wrongAudience }
            return try claims.apiKey()
        }
        // A refresh token is active too where we are its client. It has no audience, and opens nothing.
        guard claims.audiences.contains(audience) else { throw .wrongAudience }
        try TokenBinding.check(answer, certificate: certificate, key: key)
        return try claims.accessToken()
    }

    // MARK: Signed requests

    /// `POST /v1/signatures/verify`. Never remembered: the server counts each nonce once.
    ///
    /// What no key could make good costs no request. The server sees the covered fields only, and never the body: its digest is
    /// compared here.
    func verify(_ message: GatehouseMessage, address: String?, now: Date) async throws -> GatehouseCaller {
        guard case .request(let method, let uri) = message.content else {
            throw GatehouseError.misconfigured("the server verifies requests, not responses")
        }
        let fields = try coveredFields(of: message, now: now)
        var json = JSONWriter()
        json.object { json in
            json.field("method", method)
            json.field("target_uri", uri)
            json.array("headers") { json in
                for field in fields { json.value([field.name, field.value]) }
            }
            if message.hasBody { json.field("content_digest_verified", true) } else { json.field("body", "") }
            json.field("address", ifPresent: address)
        }
        let answer = try await post(documents.address.uri("/v1/signatures/verify"), "application/json", json.bytes, now: now)
        try checkLimit(answer)
        guard answer["active"] == true else { throw GatehouseRefusal.inactive }
        let caller = try CallerClaims(answer).signature()
        guard caller.audiences.isEmpty || caller.audiences.contains(audience) else { throw GatehouseRefusal.wrongAudience }
        return caller
    }

    private func coveredFields(of message: GatehouseMessage, now: Date) throws -> [GatehouseMessage.Field] {
        var names: Set<String> = ["signature-input", "signature"]
        do {
            let policy = MessageSignaturePolicy(ageMax: options.signatureAgeMax, aheadMax: options.clockTolerance)
            let candidates = try policy.candidates(of: try message.signable(), now: now)
            guard !candidates.signatures.isEmpty else { throw GatehouseRefusal(candidates.refusal ?? .noSignature) }
            for signature in candidates.signatures { names.formUnion(signature.components.map(\.name)) }
        } catch let refusal as MessageSignatureRefusal {
            throw GatehouseRefusal(refusal)
        }
        let covered = message.fields.map { ($0.name.lowercased(), $0.value) }.filter { names.contains($0.0) }
        if message.hasBody {
            // RFC 9110 §5.3: several lines are one list.
            let digest = covered.filter { $0.0 == ContentDigest.fieldName }.map(\.1).joined(separator: ", ")
            do {
                guard try ContentDigest(parsing: digest.utf8).matches(message.body ?? []) else { throw GatehouseRefusal.digestMismatch }
            } catch let refusal as MessageSignatureRefusal {
                throw GatehouseRefusal(refusal)
            }
        }
        return covered
    }

    /// - Throws: ``GatehouseError/rateLimited(retryAfter:)`` where a credential has used up its allowance.
    private func checkLimit(_ answer: JSONValue) throws(GatehouseError) {
        guard answer["error"]?.string == "rate_limited" else { return }
        throw .rateLimited(retryAfter: .seconds(max(1, min(answer["retry_after"]?.int ?? 1, 3_600))))
    }

    // MARK: Asking

    private func remembered(
        _ question: VerificationCache.Question, now: Date, _ ask: () async throws -> GatehouseCaller
    ) async throws -> GatehouseCaller {
        let caller: GatehouseCaller
        switch cache.find(question, now: now) {
        case .refused(let refusal): throw refusal
        case .known(let known): caller = known
        case nil:
            do {
                caller = try await ask()
                cache.insert(.known(caller), for: question, now: now)
            } catch let refusal as GatehouseRefusal {
                cache.insert(.refused(refusal), for: question, now: now)
                throw refusal
            }
        }
        // What is remembered ends with the credential all the same.
        if let expiresAt = caller.expiresAt, now >= expiresAt { throw GatehouseRefusal.expired }
        return caller
    }

    private func post(_ uri: String, _ type: String, _ body: [UInt8], now: Date) async throws -> JSONValue {
        var call = TransportCall(method: "POST", uri: uri)
        call.headers.append(("Content-Type", type))
        call.body = body
        switch credentials.material {
        case .none, .publicClient:
            throw GatehouseError.misconfigured("asking the server needs credentials")
        case .secret(let clientID, let secret):
            call.headers.append(("Authorization", BasicCredentials.headerValue(clientID: clientID, clientSecret: secret)))
        case .apiKey(let key):
            call.headers.append(("Authorization", "Bearer \(key)"))
        case .token:
            let token = try await ownToken(now: now)
            let answer = try await transport.send(call, showing: token, now: now)
            guard answer.status == 401 else { return try ServerAnswer.require(answer, options: options) }
            // Revoked before its time, or signed with a key that has been withdrawn: once more with another.
            tokens.forget(token)
            return try ServerAnswer.require(try await transport.send(call, showing: ownToken(now: now), now: now), options: options)
        }
        return try ServerAnswer.require(try await transport.transport.send(call), options: options)
    }

    private func ownToken(now: Date) async throws -> GatehouseToken {
        try await tokens.token(scopes: ["introspect"], resource: documents.address.issuer, now: now)
    }
}
