/// One thing that is wrong with the settings.
package struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
    /// Where it was read: `gatehouse.yaml:12`, or the name of an environment variable; nil when nothing was there to be read.
    package let location: String?
    /// The setting's path, `clients[0].redirect_uris`; empty for the file as a whole.
    package let path: String
    /// What is wrong and what would be right, without the value of any secret.
    package let message: String

    package init(location: String?, path: String, message: String) {
        self.location = location
        self.path = path
        self.message = message
    }

    package var description: String {
        [location, path.isEmpty ? nil : path, message].compactMap { $0 }.joined(separator: ": ")
    }
}
