import OAuthProtocol
import Outbound
import Yams

/// Everything that a deployment decides, from a YAML file with `GATEHOUSE_*` variables laid over its scalars.
///
/// Reading is pure but for the file itself: key files, directories and the database are looked at by whoever uses them.
package struct GatehouseSettings: Sendable {
    /// No trailing slash (OpenID Connect Discovery §4.1 appends paths to it).
    package var issuer: String
    /// Further addresses that it is an issuer under.
    package var otherIssuers: [String]
    /// Where else machines reach it.
    package var backChannelURLs: [String]
    /// What people read on the pages.
    package var name: String
    /// This machine only: http, short declared secrets and readable passwords are tolerated.
    package var local: Bool
    package var listen: ListenSettings
    package var proxies: ProxiesSettings
    package var database: DatabaseSettings
    /// As written: relative to the working directory.
    package var dataDirectory: String
    /// nil: look with `ResourcesDirectory.find`.
    package var resourcesDirectory: String?
    package var masterKeys: MasterKeySource
    package var sessions: SessionsSettings
    package var tokens: TokensSettings
    package var passwords: PasswordsSettings
    package var registration: RegistrationSettings
    package var apiKeys: APIKeysSettings
    package var gateway: GatewaySettings
    package var outbound: OutboundSettings
    package var federation: FederationSettings
    package var certificates: CertificatesSettings
    package var limits: LimitsSettings
    package var audit: AuditSettings
    package var log: LogSettings
    package var metrics: MetricsSettings
    package var shutdown: ShutdownSettings
    package var hsts: HSTSSettings
    package var resources: [DeclaredResource]
    /// Scopes that belong to no resource.
    package var scopes: [DeclaredScope]
    package var clients: [DeclaredClient]
    package var users: [DeclaredUser]
    /// Whether declared clients and users that have left the file are removed at start.
    package var prune: Bool
    private let effective: String

    /// Where clients with certificates reach this server (RFC 8705 §5); nil where they can't. On this machine: the issuer's host with the port.
    package var mutualTLSURL: String? {
        if let url = listen.mutualTLS.url { return url }
        guard let port = listen.mutualTLS.port, let host = (try? AbsoluteURI(parsing: issuer))?.host else { return nil }
        return "https://\(host):\(port)"
    }

    /// Whether clients may be given this scope.
    package func declares(scope name: String) -> Bool {
        DeclarationContext.standardScopes.contains(name) || (scopes + resources.flatMap(\.scopes)).contains { $0.name == name }
    }

    /// Reads the file, if any, and the environment.
    /// - Throws: `SettingsProblems` with everything that is wrong.
    package static func load(file: String?, environment: [String: String]) throws(SettingsProblems) -> GatehouseSettings {
        let name = file.map { String($0.split(separator: "/").last ?? "") } ?? "settings"
        return try decode(try file.flatMap(SettingsDocument.read), fileName: name, environment: environment)
    }

    /// Reads YAML text; `fileName` stands in the problems.
    package static func parse(
        _ yaml: String, fileName: String = "gatehouse.yaml", environment: [String: String] = [:]
    ) throws(SettingsProblems) -> GatehouseSettings {
        try decode(SettingsDocument.parse(yaml, fileName: fileName), fileName: fileName, environment: environment)
    }

    private static func decode(
        _ node: Node?, fileName: String, environment: [String: String]
    ) throws(SettingsProblems) -> GatehouseSettings {
        let report = SettingsReport(fileName: fileName, environment: SettingsEnvironment(environment))
        let settings = SettingsSection.root(node, report) { GatehouseSettings($0) }
        report.add(report.environment.unknown())
        guard report.problems.isEmpty else { throw SettingsProblems(report.ordered) }
        return settings
    }

    init(_ root: SettingsSection) {
        database = root.section("database") { DatabaseSettings($0) }
        let local = root.read("local", .bool, default: database.url == nil && database.urlFile == nil)
        self.local = local
        listen = root.section("listen") { ListenSettings($0, local: local) }
        issuer = Self.issuer(root, local: local, listen: listen)
        (otherIssuers, backChannelURLs) = Self.addresses(root, issuer: issuer, local: local)
        proxies = root.section("proxies") { ProxiesSettings($0) }
        name = root.read("name", .text(bytesMax: 100), default: "Gatehouse")
        dataDirectory = root.read("data_directory", .path, default: local ? ".gatehouse" : "/var/lib/gatehouse")
        resourcesDirectory = root.find("resources_directory", .path)
        masterKeys = MasterKeySource.read(root, local: local, dataDirectory: dataDirectory)
        sessions = root.section("sessions") { SessionsSettings($0) }
        tokens = root.section("tokens") { TokensSettings($0) }
        passwords = root.section("passwords") { PasswordsSettings($0, local: local) }
        registration = root.section("registration") { RegistrationSettings($0, local: local) }
        apiKeys = root.section("api_keys") { APIKeysSettings($0) }
        certificates = root.section("certificates") { CertificatesSettings($0) }
        limits = root.section("limits") { LimitsSettings($0, local: local) }
        audit = root.section("audit") { AuditSettings($0) }
        log = root.section("log") { LogSettings($0, local: local) }
        metrics = root.section("metrics") { MetricsSettings($0) }
        shutdown = root.section("shutdown") { ShutdownSettings($0, local: local) }
        hsts = root.section("hsts") { HSTSSettings($0) }
        let outbound = root.section("outbound") { OutboundSettings($0) }
        self.outbound = outbound
        prune = root.read("prune", .bool, default: false)
        var context = DeclarationContext(local: local)
        resources = root.list("resources", countMax: 1_000) { DeclaredResource.read($0, &context) }
        scopes = root.list("scopes", countMax: 1_000) { DeclaredScope.read($0, &context) }
        clients = root.list("clients", countMax: 10_000) { DeclaredClient.read($0, &context) }
        users = root.list("users", countMax: 10_000) { DeclaredUser.read($0, &context) }
        // Its rules name scopes and resources.
        gateway = root.section("gateway") { [context] in GatewaySettings($0, context) }
        federation = root.section("federation") { [context] in FederationSettings($0, context, allowsHTTP: outbound.allowsHTTP) }
        effective = root.report.outline.text
    }

    private static func addresses(_ root: SettingsSection, issuer: String, local: Bool) -> (issuers: [String], backChannel: [String]) {
        let issuers = root.scalars("other_issuers", .issuer, countMax: 20)
        let backChannel = root.scalars("back_channel_urls", .reachableOrigin, countMax: 20)
        if !local, issuers.contains(where: { $0.hasPrefix("http:") }) {
            root.refuse("other_issuers", "must begin with https:// outside local mode")
        }
        if issuers.contains(issuer) { root.refuse("other_issuers", "has the issuer itself") }
        for address in backChannel where ([issuer] + issuers).contains(address) {
            root.refuse("back_channel_urls", "\(address) is an issuer: it needs no entry here")
        }
        return (issuers, backChannel)
    }

    private static func issuer(_ root: SettingsSection, local: Bool, listen: ListenSettings) -> String {
        guard let issuer = root.find("issuer", .issuer) else {
            let fallback = "\(listen.tls == nil ? "http" : "https")://localhost:\(listen.port)"
            if !local, !root.isSet("issuer") { root.refuse("issuer", "is required outside local mode: the server's public https address") }
            if !root.isSet("issuer") { root.report.outline.scalar("issuer", fallback, note: "default") }
            return fallback
        }
        if issuer.hasPrefix("http:"), !local {
            root.refuse("issuer", "must begin with https:// outside local mode")
        } else if issuer.hasPrefix("http:"), listen.tls != nil {
            root.refuse("issuer", "must begin with https:// since listen.tls is set")
        }
        return issuer
    }

    /// The settings in force as they were read, as YAML: secrets as "••••", each value laid over the file with its variable.
    package func printed() -> String {
        effective
    }
}
