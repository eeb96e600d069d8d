/// `log`: how much is written to standard error, and in which form.
package struct LogSettings: Sendable {
    /// swift-log's levels.
    package enum Level: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package var level = Level.info
    package var format: LogLines.Format

    init(_ section: SettingsSection, local: Bool) {
        level = section.read("level", .word, default: level)
        format = section.read("format", .word, default: local ? .text : .json)
    }
}
