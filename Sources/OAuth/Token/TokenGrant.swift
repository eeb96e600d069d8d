import OAuthProtocol

/// A grant type: the hook that the token endpoint calls after the phases that all grants share,
/// so that no grant can forget one.
protocol TokenGrant: Sendable {
    static var type: GrantType { get }

    /// - Throws: `OAuthError`, `PostgresError`.
    func approve(_ request: TokenRequest) async throws -> TokenApproval
}
