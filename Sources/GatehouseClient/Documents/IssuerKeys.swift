import OAuthProtocol

/// The published keys, each decoded and checked once.
struct IssuerKeys: Sendable {
    private let set: JWKSet
    private let prepared: [VerificationKey?]

    init(_ set: JWKSet) {
        self.set = set
        prepared = set.keys.map { try? VerificationKey($0) }
    }

    /// - Throws: `unknownKey`, `unsuitableKey`.
    func require(for header: JWSHeader) throws(JWTRefusal) -> VerificationKey {
        let found = try set.require(for: header)
        guard let index = set.keys.firstIndex(of: found), let key = prepared[index] else { throw .unsuitableKey }
        return key
    }
}
