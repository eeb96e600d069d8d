/// Everything that is wrong with the settings, reported at once so that nobody mends one line per start.
package struct SettingsProblems: Error, Sendable, CustomStringConvertible {
    package let list: [SettingsProblem]

    package init(_ list: [SettingsProblem]) {
        self.list = list
    }

    package var description: String {
        let heading = list.count == 1 ? "1 problem in the settings:" : "\(list.count) problems in the settings:"
        return ([heading] + list.map { "  \($0)" }).joined(separator: "\n")
    }
}
