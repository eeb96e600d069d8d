import Audit
import FoundationEssentials
import Keys
import Logging
import Outbound
import Postgres
import Runtime

/// Signing in with providers of others: what the pages, the jobs and the wings above use of it.
package struct Federation: Sendable {
    package let directory: FederationDirectory
    package let links: FederationLinks
    package let tokens: UpstreamTokenSource
    let documents: FederationDocuments
    let outbound: Outbound
    let database: Database
    let masterKeys: MasterKeys
    let audit: AuditStore
    let tally: AuditTally
    let randomness: any Randomness

    package init(
        database: Database, outbound: Outbound, masterKeys: MasterKeys, audit: AuditStore, tally: AuditTally, randomness: any Randomness,
        accessTokenLifetimeMax: Duration, logger: Logger
    ) {
        self.database = database
        self.outbound = outbound
        self.masterKeys = masterKeys
        self.audit = audit
        self.tally = tally
        self.randomness = randomness
        directory = FederationDirectory(database: database, masterKeys: masterKeys, logger: logger)
        documents = FederationDocuments(outbound: outbound)
        links = FederationLinks(
            database: database, directory: directory, masterKeys: masterKeys, audit: audit, randomness: randomness,
            accessTokenLifetimeMax: accessTokenLifetimeMax)
        tokens = UpstreamTokenSource(
            database: database, directory: directory, documents: documents, outbound: outbound, masterKeys: masterKeys,
            audit: audit, randomness: randomness)
    }
}
