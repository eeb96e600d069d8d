import FoundationEssentials

/// One step that brings the database in line with the settings file.
package struct DeclarationChange: Sendable, Equatable {
    package enum Verb: String, Sendable {
        case create, change, remove
    }

    package enum Noun: String, Sendable {
        case client, user, provider
    }

    package let verb: Verb
    package let noun: Noun
    package let name: String
    /// What differs, by name; no values, since some are secret.
    package var differences: [String] = []

    /// As the command line prints it: `change user ada (email, roles)`.
    package var line: String {
        let detail = differences.isEmpty ? "" : " (\(differences.joined(separator: ", ")))"
        return "\(verb.rawValue) \(noun.rawValue) \(name)\(detail)"
    }
}
