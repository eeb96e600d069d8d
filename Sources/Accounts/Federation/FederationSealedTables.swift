import Keys

/// What federation seals under the master keys. Flows and pending identities live for an hour at most, but a server that has lost the key
/// of one would answer the browser that comes back with an error: they move with the rest.
extension SealedTable {
    package static let federationProviders = SealedTable("federation_providers", columns: ["secret"], row: "id")
    package static let federationFlows = SealedTable(
        "federation_flows", columns: ["secrets", "delivery"], row: "id", rowType: .uuid)
    package static let pendingIdentities = SealedTable(
        "pending_identities", columns: ["identity"], row: "sign_in_id", rowType: .uuid)
    package static let upstreamTokens = SealedTable("upstream_tokens", columns: ["tokens"], row: "identity_id", rowType: .uuid)
}
