import FoundationEssentials

/// What a signature must cover and say before it proves anything (RFC 9421 §3.2.1: the application's own requirements).
///
/// A request: `@method`; `@target-uri`, or `@authority`, `@path` and, where there is one, `@query`. A response: `@status`.
/// Either: `content-digest` where there is a body. Every signature says `created` and `keyid`; with a shared secret always, and
/// with public keys by default, a `nonce` too. Components count where they are covered whole: without `key` or `name`.
package struct MessageSignaturePolicy: Sendable {
    package enum NonceRule: Sendable {
        case always
        /// Only where the key is a shared secret.
        case withSecrets
    }

    /// How old `created` may be.
    package var ageMax: Duration
    /// How far `created` may lie ahead of our clock.
    package var aheadMax: Duration
    package var nonceRule: NonceRule
    /// Where set, only signatures with this `tag` are looked at.
    package var tag: String?
    /// Names of components that must be covered besides.
    package var additionalComponents: [String]
    /// More signatures than these in one message are refused before any is looked at.
    package var signatureCountMax: Int

    package init(
        ageMax: Duration = .seconds(300), aheadMax: Duration = .seconds(10), nonceRule: NonceRule = .always, tag: String? = nil,
        additionalComponents: [String] = [], signatureCountMax: Int = 8
    ) {
        self.ageMax = ageMax
        self.aheadMax = aheadMax
        self.nonceRule = nonceRule
        self.tag = tag
        self.additionalComponents = additionalComponents
        self.signatureCountMax = signatureCountMax
    }

    /// Judges a message: the first signature that meets the policy and holds under a known key counts.
    ///
    /// - Parameter keys: the keys that `keyid` stands for at present, two while a secret is being changed; none where it is
    ///   unknown. Asked at most once a signature, and only for signatures that meet the policy.
    package func judge(
        _ message: SignableMessage, now: Date, keys: (MessageSignature) async throws -> [MessageVerificationKey]
    ) async rethrows -> MessageSignatureVerdict {
        let candidates: (signatures: [MessageSignature], refusal: MessageSignatureRefusal?)
        do {
            candidates = try self.candidates(of: message, now: now)
        } catch {
            return .refused(error)
        }
        var refusal = candidates.refusal
        for signature in candidates.signatures {
            let found = try await keys(signature)
            do {
                return .verified(try verify(signature, of: message, keys: found))
            } catch {
                // Another party's signature says less about the caller than one of a key that we know.
                if refusal == nil || refusal == .unknownKey || refusal == .wrongTag { refusal = error }
            }
        }
        return .refused(refusal ?? .noSignature)
    }

    /// The signatures that meet all that the policy asks before a key is known, and why the first of the others doesn't.
    /// - Throws: where the message's signatures can't be read at all.
    package func candidates(
        of message: SignableMessage, now: Date
    ) throws(MessageSignatureRefusal) -> (signatures: [MessageSignature], refusal: MessageSignatureRefusal?) {
        var signatures: [MessageSignature] = []
        var refusal: MessageSignatureRefusal?
        for labelled in try LabelledSignature.read(message, countMax: signatureCountMax) {
            do {
                let signature = try MessageSignature(labelled)
                try check(signature, of: message, now: now)
                signatures.append(signature)
            } catch {
                if refusal == nil || refusal == .wrongTag { refusal = error }
            }
        }
        return (signatures, refusal)
    }

    /// Checks everything but the signature and the digest.
    package func check(_ signature: MessageSignature, of message: SignableMessage, now: Date) throws(MessageSignatureRefusal) {
        guard tag == nil || signature.tag == tag else { throw .wrongTag }
        guard let createdAt = signature.createdAt else { throw .missingParameter("created") }
        guard signature.keyID != nil else { throw .missingParameter("keyid") }
        guard nonceRule == .withSecrets || signature.nonce != nil else { throw .missingParameter("nonce") }
        if let name = signature.algorithmName, MessageSignatureAlgorithm(rawValue: name) == nil { throw .unknownAlgorithm(name) }
        try checkWindow(createdAt, signature.expiresAt, now: now)
        try checkComponents(signature, of: message)
    }

    /// Checks the signature under each key, then the digest against the body. `check` comes first.
    package func verify(
        _ signature: MessageSignature, of message: SignableMessage, keys: [MessageVerificationKey]
    ) throws(MessageSignatureRefusal) -> VerifiedSignature {
        guard !keys.isEmpty else { throw .unknownKey }
        guard let keyID = signature.keyID else { throw .missingParameter("keyid") }
        guard let createdAt = signature.createdAt else { throw .missingParameter("created") }
        let name = signature.algorithmName
        guard keys.contains(where: { name == nil || $0.algorithm.rawValue == name }) else { throw .algorithmMismatch }

        let base = try signature.base(of: message)
        let keyIndex = keys.firstIndex { key in
            (name == nil || key.algorithm.rawValue == name) && key.isValid(signature.signature, for: base)
        }
        guard let keyIndex else { throw .signatureMismatch }
        let algorithm = keys[keyIndex].algorithm
        guard algorithm != .hmacSHA256 || signature.nonce != nil else { throw .missingParameter("nonce") }

        return VerifiedSignature(
            label: signature.label, keyID: keyID, algorithm: algorithm, keyIndex: keyIndex, createdAt: createdAt,
            expiresAt: signature.expiresAt, nonce: signature.nonce, tag: signature.tag, components: signature.components,
            contentDigest: try requireDigest(signature, of: message), nonceNeededUntil: createdAt.addingTimeInterval(seconds(ageMax) + 1))
    }

    private func checkWindow(_ createdAt: Date, _ expiresAt: Date?, now: Date) throws(MessageSignatureRefusal) {
        guard now.timeIntervalSince(createdAt) <= seconds(ageMax) else { throw .stale }
        guard createdAt.timeIntervalSince(now) <= seconds(aheadMax) else { throw .future }
        guard let expiresAt else { return }
        guard expiresAt > createdAt else { throw .malformedParameter("expires") }
        guard now < expiresAt else { throw .expired }
    }

    private func checkComponents(_ signature: MessageSignature, of message: SignableMessage) throws(MessageSignatureRefusal) {
        switch message.controlData {
        case .response:
            try require("@status", in: signature)
        case .request(_, let target):
            try require("@method", in: signature)
            if !signature.covers("@target-uri") {
                try require("@authority", in: signature)
                try require("@path", in: signature)
                if target.query != nil { try require("@query", in: signature) }
            }
        }
        if message.hasBody { try require(ContentDigest.fieldName, in: signature) }
        for name in additionalComponents { try require(name, in: signature) }
    }

    private func require(_ name: String, in signature: MessageSignature) throws(MessageSignatureRefusal) {
        guard signature.covers(name) else { throw .missingComponent(name) }
    }

    /// RFC 9421 §7.2.8: a digest that is signed but not compared leaves the body open.
    private func requireDigest(_ signature: MessageSignature, of message: SignableMessage) throws(MessageSignatureRefusal) -> ContentDigest?
    {
        guard signature.covers(ContentDigest.fieldName) else { return nil }
        guard let field = try MessageFieldLines(ContentDigest.fieldName, of: message).combined() else {
            throw .unresolvedComponent(ContentDigest.fieldName)
        }
        let digest = try ContentDigest(parsing: field)
        switch message.body {
        case .elsewhere: break
        case .none: guard digest.matches([]) else { throw .digestMismatch }
        case .bytes(let body): guard digest.matches(body) else { throw .digestMismatch }
        }
        return digest
    }

    private func seconds(_ duration: Duration) -> Double {
        duration / .seconds(1)
    }
}
