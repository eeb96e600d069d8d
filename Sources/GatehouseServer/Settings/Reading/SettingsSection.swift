import Yams

/// One mapping of the settings while it is read. Every key that is asked for becomes known; what is left at the end is refused.
///
/// A reading never throws: a problem is noted, a stand-in is returned, and reading goes on to find the next one.
final class SettingsSection {
    let report: SettingsReport
    /// As shown to people: `clients[0]`.
    let path: String
    /// The path as the environment knows it; nil inside lists, whose entries have no names there.
    private let components: [String]?
    private let line: Int?
    private var entries: [String: (line: Int?, node: Node)] = [:]
    private var known: [String] = []
    private var origins: [String: String] = [:]

    private init(report: SettingsReport, path: String, components: [String]?, node: Node?) {
        self.report = report
        self.path = path
        self.components = components
        self.line = node?.mark?.line
        collect(node)
    }

    /// Reads the whole file: `body` asks for what it knows, then unknown keys are refused.
    static func root<T>(_ node: Node?, _ report: SettingsReport, _ body: (SettingsSection) -> T) -> T {
        let section = SettingsSection(report: report, path: "", components: [], node: node)
        return section.reading(body)
    }

    private func collect(_ node: Node?) {
        guard let node, !Self.isNull(node) else { return }
        guard case .mapping(let mapping) = node else {
            report.refuse(line: line, path: path, "must be a section of keys and values")
            return
        }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                report.refuse(line: key.mark?.line, path: path, "a key must be a plain word")
                continue
            }
            // The parser refuses equal keys of one type; a quoted 1 and a plain 1 differ for it.
            if entries[scalar.string] != nil {
                report.refuse(line: scalar.mark?.line, path: child(scalar.string), "set more than once")
            }
            entries[scalar.string] = (scalar.mark?.line, value)
        }
    }

    private func reading<T>(_ body: (SettingsSection) -> T) -> T {
        let value = body(self)
        for (key, entry) in entries where !known.contains(key) {
            let ending = SettingsSuggestion.ending(for: key, among: known)
            report.refuse(line: entry.line, path: child(key), "no setting has this name" + ending)
        }
        return value
    }

    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    func child(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}

// MARK: Scalars

extension SettingsSection {
    /// A scalar with a default.
    func read<T>(_ key: String, _ kind: SettingsScalar<T>, default fallback: T) -> T {
        if let value = lookup(key, kind) { return value }
        report.outline.scalar(key, kind.print(fallback), note: "default")
        return fallback
    }

    /// A scalar that may be left out.
    func find<T>(_ key: String, _ kind: SettingsScalar<T>) -> T? {
        lookup(key, kind)
    }

    /// A scalar that must be there; nil is always accompanied by a problem.
    func require<T>(_ key: String, _ kind: SettingsScalar<T>) -> T? {
        if let value = lookup(key, kind) { return value }
        if !isSet(key) { refuse(key, "is required") }
        return nil
    }

    private func lookup<T>(_ key: String, _ kind: SettingsScalar<T>) -> T? {
        known.append(key)
        if let components, let text = report.environment.overlay(components + [key]) {
            let name = SettingsEnvironment.name(of: components + [key])
            origins[key] = name
            // Empty is never taken for absent: a deployment whose database address came out empty must not start on a private one.
            if text.isEmpty {
                report.refuse(variable: name, path: child(key), "is set and empty; give it a value or unset it")
                return nil
            }
            return judge(key, text, kind, note: "from \(name)") { report.refuse(variable: name, path: child(key), $0) }
        }
        guard let entry = entries[key] else { return nil }
        guard case .scalar(let scalar) = entry.node else {
            refuse(key, "must be a single value, not a list or a section")
            return nil
        }
        guard !Self.isNull(entry.node) else {
            refuse(key, "has no value")
            return nil
        }
        return judge(key, scalar.string, kind, note: nil) { refuse(key, $0) }
    }

    private func judge<T>(_ key: String, _ text: String, _ kind: SettingsScalar<T>, note: String?, _ refuse: (String) -> Void) -> T? {
        do {
            let value = try kind.parse(text)
            report.outline.scalar(key, kind.print(value), note: note)
            return value
        } catch {
            refuse(error.message)
            return nil
        }
    }
}

// MARK: Lists and sections

extension SettingsSection {
    /// A section under a key. It is read even when absent, so that defaults and the environment apply.
    func section<T>(_ key: String, _ body: (SettingsSection) -> T) -> T {
        known.append(key)
        let inner = SettingsSection(
            report: report, path: child(key), components: components.map { $0 + [key] }, node: entries[key]?.node)
        let mark = report.outline.open(key)
        defer { report.outline.close(mark) }
        return inner.reading(body)
    }

    /// A list of sections; entries for which `body` returns nil have been refused by it.
    func list<T>(_ key: String, countMax: Int, _ body: (SettingsSection) -> T?) -> [T] {
        let nodes = items(key, countMax: countMax)
        guard !nodes.isEmpty else { return [] }
        let mark = report.outline.open(key)
        defer { report.outline.close(mark) }
        return nodes.enumerated().compactMap { index, node in
            let item = SettingsSection(report: report, path: "\(child(key))[\(index)]", components: nil, node: node)
            report.outline.openItem()
            defer { report.outline.closeItem() }
            return item.reading(body)
        }
    }

    /// A list of scalars, each at most once.
    func scalars<T: Hashable>(_ key: String, _ kind: SettingsScalar<T>, countMax: Int = 100) -> [T] {
        var values: [T] = []
        for (index, node) in items(key, countMax: countMax).enumerated() {
            let place = "\(child(key))[\(index)]"
            guard case .scalar(let scalar) = node, !Self.isNull(node) else {
                report.refuse(line: node.mark?.line, path: place, "must be a single value")
                continue
            }
            do {
                let value = try kind.parse(scalar.string)
                if values.contains(value) {
                    report.refuse(line: node.mark?.line, path: place, "is listed twice")
                } else {
                    values.append(value)
                }
            } catch {
                report.refuse(line: node.mark?.line, path: place, error.message)
            }
        }
        if !values.isEmpty { report.outline.scalars(key, values.map(kind.print)) }
        return values
    }

    private func items(_ key: String, countMax: Int) -> [Node] {
        known.append(key)
        guard let node = entries[key]?.node, !Self.isNull(node) else { return [] }
        guard case .sequence(let sequence) = node else {
            refuse(key, "must be a list")
            return []
        }
        guard sequence.count <= countMax else {
            refuse(key, "must have at most \(countMax) entries")
            return []
        }
        return Array(sequence)
    }
}

// MARK: Judgements that need more than one value

extension SettingsSection {
    /// Whether a key has been given, by the file or by the environment as far as it has been read.
    func isSet(_ key: String) -> Bool {
        entries[key] != nil || origins[key] != nil
    }

    func isFromEnvironment(_ key: String) -> Bool {
        origins[key] != nil
    }

    /// Notes a problem at a key: at its line, at its variable, or at the section's own line when the key is absent.
    func refuse(_ key: String, _ message: String) {
        if let variable = origins[key] {
            report.refuse(variable: variable, path: child(key), message)
        } else {
            report.refuse(line: entries[key]?.line ?? line, path: child(key), message)
        }
    }

    func refuse(_ message: String) {
        report.refuse(line: line, path: path, message)
    }
}
