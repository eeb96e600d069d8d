import ArgumentParser
import GatehouseServer

@main
struct Gatehouse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "An OAuth 2.0 and OpenID Connect identity server.",
        version: Deployment.version,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, ConfigCommand.self, KeysCommand.self, UserCommand.self, ClientCommand.self,
            APIKeyCommand.self, SignatureKeyCommand.self, CertificatesCommand.self, BackupCommand.self, RestoreCommand.self,
            DemoApplicationCommand.self,
        ])
}
