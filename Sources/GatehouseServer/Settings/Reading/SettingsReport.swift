/// What one reading of the settings gathers: problems, the effective values, the environment's variables that were used.
final class SettingsReport {
    let fileName: String
    var environment: SettingsEnvironment
    var outline = SettingsOutline()
    private(set) var problems: [(line: Int, problem: SettingsProblem)] = []

    init(fileName: String, environment: SettingsEnvironment) {
        self.fileName = fileName
        self.environment = environment
    }

    func refuse(line: Int?, path: String, _ message: String) {
        let location = line.map { "\(fileName):\($0)" }
        problems.append((line ?? .max, SettingsProblem(location: location, path: path, message: message)))
    }

    func refuse(variable: String, path: String, _ message: String) {
        problems.append((.max, SettingsProblem(location: variable, path: path, message: message)))
    }

    func add(_ others: [SettingsProblem]) {
        problems += others.map { (.max, $0) }
    }

    /// In the order of the file's lines, then what no line answers for.
    var ordered: [SettingsProblem] {
        problems.enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element.problem)
    }
}
