import FoundationEssentials
import GatehouseClient
import GatehouseHummingbird
import Hummingbird

/// A service that keeps notes for whoever proves who they are: by an access token, an API key or a signed request.
@main
struct Notes {
    static func main() async throws {
        let settings = NotesSettings(ProcessInfo.processInfo.environment)
        let gatehouse = try GatehouseClient(
            issuer: settings.issuer, audience: "https://api.demo.example",
            credentials: .clientSecret(id: "demo-service", secret: settings.clientSecret))
        if let words = NotesSignature.words(CommandLine.arguments) { return try NotesSignature.write(words, gatehouse, settings) }

        let book = NoteBook()
        let router = Router(context: GatehouseBasicRequestContext.self)
        let signatures = GatehouseSignatures.keys(origin: settings.origin) { [key = try settings.signingKey] id in
            id == key.id ? [GatehouseTrustedKey(key.verificationKey, subject: "cron", scopes: ["notes:read", "notes:write"])] : []
        }
        router.add(middleware: GatehouseMiddleware(gatehouse, requiring: "notes:read", signatures: signatures))
        router.get("notes") { _, context in try await book.list(context.requireCaller()) }
        router.group().add(middleware: RequireScope("notes:write")).post("notes") { request, context in
            try await book.add(String(buffer: request.body.collect(upTo: 4_096)), context.requireCaller())
        }
        try await Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: settings.port))).runService()
    }
}
