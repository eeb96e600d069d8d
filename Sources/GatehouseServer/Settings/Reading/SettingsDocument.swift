import FoundationEssentials
import Yams

/// The settings file as a tree of YAML nodes. Problems name a line and never quote it: the line may hold a secret.
enum SettingsDocument {
    static let bytesMax = 4 << 20

    static func read(file: String) throws(SettingsProblems) -> Node? {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: file))
        } catch {
            throw problem(location: file, "the settings file can't be read")
        }
        guard data.count <= bytesMax else {
            throw problem(location: file, "the settings file is larger than \(bytesMax / 1_048_576) MiB")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw problem(location: file, "the settings file isn't UTF-8")
        }
        return try parse(text, fileName: file)
    }

    static func parse(_ text: String, fileName: String) throws(SettingsProblems) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch {
            throw problem(of: error, fileName: fileName)
        }
    }

    private static func problem(of error: any Error, fileName: String) -> SettingsProblems {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return self.problem(location: "\(fileName):\(mark.line)", "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: ", ")
            return problem(location: "\(fileName):\(context.mark.line)", "set more than once: \(names)")
        case .reader(let problem, _, _, _):
            return self.problem(location: fileName, "not YAML: \(problem)")
        default:
            return problem(location: fileName, "not YAML")
        }
    }

    private static func problem(location: String, _ message: String) -> SettingsProblems {
        SettingsProblems([SettingsProblem(location: location, path: "", message: message)])
    }
}
