/// `log`: how much is written to standard error.
package struct LogSettings: Sendable {
    /// swift-log's levels.
    package enum Level: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package var level = Level.info

    init(_ section: SettingsSection) {
        level = section.read("level", .word, default: level)
    }
}
