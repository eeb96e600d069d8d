import ArgumentParser
import FoundationEssentials
import GatehouseServer
import Keys

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List and rotate the signing keys; change the master key.",
        subcommands: [List.self, Rotate.self, ReencryptCommand.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the signing keys, newest first.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await options.withDeployment(changesNothing: true) { deployment in
                let now = deployment.wiring.parts.clock.now
                try await deployment.wiring.keys.load(now: now)
                for key in try await deployment.wiring.keys.list(now: now) {
                    let until = key.publishedUntil.map { "  published until \($0.formatted(.iso8601))" } ?? ""
                    print(
                        "\(key.algorithm.rawValue)  \(key.keyID)  \(key.standing.rawValue)  signs from \(key.signsAt.formatted(.iso8601))\(until)"
                    )
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Announce a new signing key.",
            discussion: "It signs 24 h later, when every cache of the JWKS has seen it; --now and --compromised don't wait.")

        @OptionGroup var options: SettingsOptions

        @Option(help: "ES256 or RS256; both when left out.")
        var algorithm: String?

        @Flag(help: "Sign with the new key at once.")
        var now = false

        @Flag(help: "The present key is in wrong hands: replace it at once and withdraw it, so that everything it signed is refused.")
        var compromised = false

        func validate() throws {
            if let algorithm, SigningAlgorithm(rawValue: algorithm) == nil { throw ValidationError("unknown algorithm \(algorithm)") }
        }

        func run() async throws {
            try await options.withDeployment { deployment in
                let keys = deployment.wiring.keys
                let present = deployment.wiring.parts.clock.now
                try await keys.load(now: present)
                for algorithm in algorithm.flatMap(SigningAlgorithm.init(rawValue:)).map({ [$0] }) ?? SigningAlgorithm.allCases {
                    try await keys.rotate(algorithm, compromised: compromised, immediately: now, now: present)
                    print("\(algorithm.rawValue): a new key \(now || compromised ? "signs now" : "is announced and signs in 24 h")")
                }
            }
        }
    }
}
