@testable import GatehouseServer

/// "id:base64" of 32 bytes.
let masterKeys = "1:" + String(repeating: "A", count: 43) + "="

let checkout = String(#filePath.prefix(upTo: #filePath.range(of: "/Tests/")?.lowerBound ?? #filePath.endIndex))
let demoFile = checkout + "/Examples/demo/gatehouse.yaml"
let productionFile = checkout + "/Examples/production/gatehouse.yaml"

/// A head that makes the rest of a file count as production, not local.
let production = "issuer: https://id.example.com\n"
let productionEnvironment = ["GATEHOUSE_DATABASE_URL": "postgres://db/gatehouse", "GATEHOUSE_MASTER_KEYS": masterKeys]

/// What is wrong with a settings text; empty when it is accepted.
func problems(_ yaml: String, environment: [String: String] = [:]) -> [SettingsProblem] {
    do throws(SettingsProblems) {
        _ = try GatehouseSettings.parse(yaml, environment: environment)
        return []
    } catch {
        return error.list
    }
}

/// The problems' paths with the lines they name: `12 clients[0].name`.
func places(_ yaml: String, environment: [String: String] = [:]) -> [String] {
    problems(yaml, environment: environment).map { problem in
        let line = problem.location.map { $0.split(separator: ":").last.map(String.init) ?? "" } ?? "-"
        return problem.path.isEmpty ? line : "\(line) \(problem.path)"
    }
}
