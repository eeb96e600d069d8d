import Configuration

/// The `GATEHOUSE_*` variables: laid over the file's scalars by path, and every one of them accounted for.
struct SettingsEnvironment {
    static let prefix = "GATEHOUSE_"

    /// Names that are ours and aren't settings: the settings file's own path, the demo application's, and what the tests use.
    static let knownNames: Set<String> = ["GATEHOUSE_SETTINGS", "GATEHOUSE_DEMO_CLIENT_SECRET"]
    static let knownPrefixes = ["GATEHOUSE_TEST_"]

    private let variables: [String: String]
    private let reader: ConfigReader
    private var names: [String] = []
    private var consumed: Set<String> = []

    init(_ variables: [String: String]) {
        // The provider's debug print would show values, so every one is marked secret.
        let provider = EnvironmentVariablesProvider(environmentVariables: variables, secretsSpecifier: .all)
        self.variables = variables
        self.reader = ConfigReader(provider: provider).scoped(to: "gatehouse")
    }

    /// `["listen", "port"]` → `GATEHOUSE_LISTEN_PORT`.
    static func name(of path: [String]) -> String {
        prefix + path.joined(separator: "_").uppercased()
    }

    /// What is laid over the scalar at a path.
    mutating func overlay(_ path: [String]) -> String? {
        let name = Self.name(of: path)
        names.append(name)
        consumed.insert(name)
        return reader.string(forKey: ConfigKey(path), isSecret: true)
    }

    /// The value of a variable that the file names: `secret: {env: NAME}`.
    mutating func reference(_ name: String) -> String? {
        consumed.insert(name)
        return variables[name]
    }

    /// Every variable name that a setting answers to, in the order of reading.
    var settingNames: [String] { names }

    /// Variables in our name that nothing has read: a misspelt setting must not pass in silence.
    func unknown() -> [SettingsProblem] {
        variables.filter { $0.key.hasPrefix(Self.prefix) && !consumed.contains($0.key) && !isAllowed($0.key, $0.value) }
            .keys.sorted()
            .map { name in
                let ending = SettingsSuggestion.ending(for: name, among: names)
                return SettingsProblem(location: name, path: "", message: "no setting has this name" + ending)
            }
    }

    private func isAllowed(_ name: String, _ value: String) -> Bool {
        if Self.knownNames.contains(name) || Self.knownPrefixes.contains(where: name.hasPrefix) { return true }
        // Kubernetes announces a Service called "gatehouse" to every pod beside it by names of this form.
        if name.hasPrefix("GATEHOUSE_SERVICE_HOST") || name.hasPrefix("GATEHOUSE_SERVICE_PORT") { return true }
        return name == "GATEHOUSE_PORT" && value.hasPrefix("tcp://") || name.hasPrefix("GATEHOUSE_PORT_")
    }
}
