import Accounts
import FoundationEssentials
import Keys
import Logging
import OAuth
import OAuthProtocol
import Outbound
import Postgres
import Runtime
import Web

/// A deployment opened for use: by the server, or by a command that works on the same data.
package struct Deployment: Sendable {
    package static let version = "0.1.0"

    package let settings: GatehouseSettings
    package let wiring: Wiring
    package let database: Database
    package let migrator: Migrator
    /// Nil where the operator names a database.
    package let cluster: PrivateCluster?
    package let logger: Logger

    /// Starts the private cluster where none is named, and puts everything together. Nothing is migrated or read yet.
    /// - Throws: `ClusterError`, `DeploymentError`, `PagesError`, `MigrationError`, `MasterKeyError`.
    package static func open(_ settings: GatehouseSettings, executable: String, workingDirectory: String, logger: Logger) async throws
        -> Deployment
    {
        let resources = try resourcesDirectory(settings, executable: executable, workingDirectory: workingDirectory)
        let migrations = try Migration.load(directory: resources + "/Migrations")
        let dataDirectory = absolute(settings.dataDirectory, workingDirectory)
        var cluster: PrivateCluster?
        var postgres: PostgresSettings
        if let url = try DatabaseAddressFile.read(settings.database, workingDirectory: workingDirectory) {
            postgres = PostgresSettings(connectionString: url.text, directConnectionString: settings.database.directURL?.text)
        } else {
            let started = try await PrivateCluster.start(directory: dataDirectory + "/postgres", logger: logger)
            postgres = PostgresSettings(connectionString: started.connectionString)
            cluster = started
        }
        postgres.connectionsMax = settings.database.connectionsMax
        postgres.preparedStatements = settings.database.preparedStatements
        do {
            let masterKeys = try MasterKeyFile.read(settings.masterKeys, workingDirectory: workingDirectory)
            let database = try Database(settings: postgres, logger: logger)
            var parts = try parts(
                settings, masterKeys: masterKeys, templates: resources + "/Templates", workingDirectory: workingDirectory, logger: logger)
            parts.migrations = migrations
            return Deployment(
                settings: settings, wiring: try Wiring(parts, database: database), database: database,
                migrator: Migrator(migrations: migrations, settings: postgres, logger: logger), cluster: cluster, logger: logger)
        } catch {
            await cluster?.stop()
            throw error
        }
    }

    /// Closes what `open` opened; the private cluster stops unless another process uses it.
    package func close() async {
        await database.close()
        await cluster?.stop()
    }

    private static func resourcesDirectory(_ settings: GatehouseSettings, executable: String, workingDirectory: String) throws -> String {
        if let directory = settings.resourcesDirectory { return absolute(directory, workingDirectory) }
        guard let found = ResourcesDirectory.find(executable: executable, workingDirectory: workingDirectory) else {
            throw DeploymentError("Migrations/ and Templates/ were not found near \(executable): set resources_directory")
        }
        return found
    }

    static func absolute(_ path: String, _ workingDirectory: String) -> String {
        path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }

    private static func parts(
        _ settings: GatehouseSettings, masterKeys: MasterKeys, templates: String, workingDirectory: String, logger: Logger
    ) throws -> Wiring.Parts {
        let site = Site(issuer: settings.issuer, name: settings.name, version: version, transportSecurity: settings.hsts.policy)
        var parts = Wiring.Parts(site: site, masterKeys: masterKeys, templates: templates, logger: logger)
        parts.oauth = oauth(settings)
        parts.otherIssuers = settings.otherIssuers
        parts.backChannelURLs = settings.backChannelURLs
        parts.sessionLimits = SessionLimits(
            idle: settings.sessions.idle, absolute: settings.sessions.absolute, countMax: settings.sessions.perUserMax)
        let passwords = settings.passwords
        guard
            let cost = PasswordCost(memoryKiB: passwords.memoryKiB, passes: passwords.iterations, parallelism: passwords.parallelism)
        else { throw DeploymentError("passwords: memory_kib must be at least 8 times parallelism") }
        parts.passwordCost = cost
        parts.passwordThreads = settings.passwords.threads
        parts.passwordsWaitingMax = settings.passwords.queueMax
        parts.limits = settings.limits.policies
        parts.publishableScopes = ScopeSet(settings.apiKeys.publishableScopes)
        parts.callerProofs = settings.apiKeys.callers
        parts.door = settings.gateway.door
        parts.outbound = Outbound(settings.outbound)
        parts.proxies = settings.proxies.trust
        parts.certificateFiles.authorities = settings.certificates.authorities.map { absolute($0, workingDirectory) }
        parts.certificateFiles.revocationLists = settings.certificates.revocationLists.map { absolute($0, workingDirectory) }
        parts.auditRetention = settings.audit.retention
        parts.rotation.tokenLifetimeMax = OAuthSettings.accessTokenLifetimeMax
        parts.rotation.sessionLifetimeMax = settings.sessions.absolute
        return parts
    }

    private static func oauth(_ settings: GatehouseSettings) -> OAuthSettings {
        var oauth = OAuthSettings(issuer: settings.issuer)
        oauth.mutualTLSURL = settings.mutualTLSURL
        oauth.accessTokenAlgorithm = settings.tokens.accessAlgorithm == .es256 ? .es256 : .rs256
        oauth.accessTokenLifetime = settings.tokens.access
        oauth.idTokenLifetime = settings.tokens.id
        oauth.codeLifetime = settings.tokens.code
        oauth.refreshTokenLifetime = settings.tokens.refresh
        oauth.grantLifetime = settings.tokens.refreshAbsolute
        oauth.refreshGrace = settings.tokens.grace
        oauth.requiresDPoPNonces = settings.tokens.dpopNonces
        oauth.resources = settings.resources.map { resource in
            Resource(identifier: resource.identifier, name: resource.name, scopes: resource.scopes.map(scope), clients: resource.clients)
        }
        oauth.scopes = settings.scopes.map(scope)
        oauth.registeredClientsMax = settings.registration.clientsMax
        switch settings.registration.mode {
        case .off: oauth.registration = .off
        case .open: oauth.registration = .open
        case .token:
            oauth.registration = .initialAccessToken(
                settings.registration.initialAccessTokens.compactMap { secret in
                    switch secret {
                    case .text(let text): TokenHash(of: text.text)
                    case .sha256(let bytes): TokenHash(stored: bytes)
                    }
                })
        }
        return oauth
    }

    private static func scope(_ scope: DeclaredScope) -> Resource.Scope {
        Resource.Scope(name: scope.name, title: scope.title, description: scope.description ?? "")
    }
}

/// A deployment that can't be opened, in words for the operator.
package struct DeploymentError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
