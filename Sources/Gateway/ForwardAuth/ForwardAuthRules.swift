/// The rules in order, made ready at the start: what is exact is found by its host, the rest is tried in order. The first match decides.
struct ForwardAuthRules: Sendable {
    /// For each host that a rule names: every rule that can match it, in order.
    private let exact: [String: [ForwardAuthRule]]
    private let wildcards: [ForwardAuthRule]

    init(_ rules: [ForwardAuthRule]) {
        var hosts: Set<String> = []
        for case .exact(let host, _) in rules.map(\.place.host) { hosts.insert(host) }
        exact = Dictionary(uniqueKeysWithValues: hosts.map { host in (host, rules.filter { $0.place.host.matches(host) }) })
        wildcards = rules.filter { rule in
            if case .below = rule.place.host { true } else { false }
        }
    }

    /// - Parameter host: in lower case.
    /// - Returns: nil where nothing matches: then nobody may pass.
    func find(host: String, path: ForwardAuthPath, method: String) -> ForwardAuthRule? {
        if let rules = exact[host] {
            return rules.first { Self.matches($0.place, path: path, method: method) }
        }
        return wildcards.first { $0.place.host.matches(host) && Self.matches($0.place, path: path, method: method) }
    }

    private static func matches(_ place: ForwardAuthPlace, path: ForwardAuthPath, method: String) -> Bool {
        (place.methods.isEmpty || place.methods.contains(method)) && place.path.matches(path)
    }
}
