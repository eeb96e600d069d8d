import ArgumentParser
import Foundation
import GatehouseServer
import Keys

struct ReencryptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reencrypt", abstract: "Move everything that is sealed to the first master key, while servers run.",
        discussion: """
            Every server must have the first key already, behind the old one. When interrupted, start it again. It ends with 0 when no stored
            value needs another key than the first.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Only say which master keys are needed, and for how many values.")
    var dryRun = false

    func run() async throws {
        try await options.withDeployment(changesNothing: true) { deployment in
            let keyIDs = deployment.wiring.parts.masterKeys.keyIDs
            if dryRun { return try await report(deployment, first: keyIDs[0]) }
            var reported: [String: Int] = [:]
            let remainder = try await SealedTables.reencryption(deployment.wiring).run { progress in
                // One line for each hundredth of the way.
                let hundredth = progress.done * 100 / progress.total
                guard reported[progress.table] != hundredth else { return }
                reported[progress.table] = hundredth
                print("\(progress.table): \(progress.done) of \(progress.total)")
                fflush(nil)
            }
            for error in remainder { FileHandle.standardError.write(Data("gatehouse: \(error)\n".utf8)) }
            try await report(deployment, first: keyIDs[0])
            let others = try await others(deployment, first: keyIDs[0])
            guard remainder.isEmpty, others.isEmpty else { throw fail("not everything could be moved to master key \"\(keyIDs[0])\"") }
            print("everything is under master key \"\(keyIDs[0])\"\(keyIDs.count > 1 ? "; the others can go" : "")")
        }
    }

    private func report(_ deployment: Deployment, first: String) async throws {
        for (id, count) in try await Reencryption.countValues(SealedTables.all, deployment.database).sorted(by: { $0.key < $1.key }) {
            print(id.isEmpty ? "unreadable: \(count) values" : "master key \"\(id)\"\(id == first ? " (the first)" : ""): \(count) values")
        }
    }

    private func others(_ deployment: Deployment, first: String) async throws -> [String] {
        try await Reencryption.countValues(SealedTables.all, deployment.database).keys.filter { $0 != first }
    }
}
