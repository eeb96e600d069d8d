import Accounts
import Credentials
import Keys

/// Every table that holds what is sealed under a master key. A table that is missing here would neither be re-encrypted nor asked about
/// by backups: `SealedTablesTests` finds it.
package enum SealedTables {
    package static let all: [SealedTable] = [
        .signingKeys, .signatureKeys, .certificateAuthorities, .federationProviders, .federationFlows, .pendingIdentities, .upstreamTokens,
    ]

    package static func reencryption(_ wiring: Wiring) -> Reencryption {
        Reencryption(wiring.database, tables: all, masterKeys: wiring.parts.masterKeys, randomness: wiring.parts.randomness)
    }
}
