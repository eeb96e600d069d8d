import GatehouseClient

/// What the example takes from its environment. The defaults are those of `make run` and of no use elsewhere.
struct NotesSettings {
    let issuer: String
    let port: Int
    let clientSecret: String
    private let signingSecret: String

    init(_ environment: [String: String]) {
        issuer = environment["NOTES_ISSUER"] ?? "http://localhost:8080"
        port = environment["NOTES_PORT"].flatMap { Int($0) } ?? 8082
        clientSecret = environment["NOTES_CLIENT_SECRET"] ?? "demo-service-secret"
        signingSecret = environment["NOTES_SIGNING_SECRET"] ?? "a demo secret of at least 32 bytes"
    }

    /// As callers know the service.
    var origin: String { "http://127.0.0.1:\(port)" }

    /// The key that it shares with one of its callers.
    var signingKey: GatehouseSigningKey {
        get throws { try .hmac(id: "cron", secret: Array(signingSecret.utf8)) }
    }
}
