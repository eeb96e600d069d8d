import ArgumentParser
import Credentials
import GatehouseServer
import OAuthProtocol
import Runtime

/// What a new credential of a client is to be, whatever its kind.
struct CredentialOptions: ParsableArguments {
    @Argument(help: "The client that the key acts for.")
    var clientID: String

    @Option(help: "What the key is called in lists.")
    var name: String

    @Option(help: "The scopes that it carries, space-separated; at most those of the client.")
    var scope = ""

    @Option(name: .customLong("audience"), help: "A service that it is for; may be repeated.")
    var audiences: [String] = []

    @Option(name: .customLong("expires-in-days"), help: "After how many days it ends; never when left out.")
    var days: Int?

    func validate() throws {
        if let days, !(1...3_650).contains(days) { throw ValidationError("the days must be from 1 to 3650") }
    }

    func terms(_ wiring: Wiring) async throws -> CredentialTerms {
        guard let client = try await wiring.clients.find(clientID) else { throw fail("no client \(clientID)") }
        let scopes = try ScopeSet(parsing: scope)
        guard scopes.isSubset(of: client.scopes) else { throw fail("the scope exceeds what the client may ask for") }
        var terms = CredentialTerms(owner: .client(client.id), name: name, scopes: scopes)
        terms.audiences = audiences
        terms.expiresAt = days.map { wiring.parts.clock.now + .days($0) }
        return terms
    }
}

/// Every credential of one kind, a line each.
enum CredentialList {
    /// - Parameter load: one page, from behind the id `after`.
    static func show<Key>(credential: (Key) -> Credential, line: (Key) -> String, load: (_ after: String) async throws -> [Key])
        async throws
    {
        var last = ""
        while true {
            let page = try await load(last)
            for key in page { print(line(key)) }
            guard let next = page.last.map(credential)?.id else { return }
            last = next
        }
    }
}
