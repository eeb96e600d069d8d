/// Which older programs a migration leaves working, as its first line says.
///
/// `-- expand`: it only adds, and every program that served before goes on. `-- contract from NNNN`: it takes away what programs
/// older than migration NNNN still used; whoever knows NNNN goes on. Words for people may follow behind a colon. Without a mark nobody
/// older goes on: a migration whose author has not thought of the nodes beside it must not surprise them.
package enum MigrationReach: Sendable, Equatable {
    case expand
    /// Serves programs whose newest migration has at least this number.
    case from(Int)

    /// - Returns: nil for a first line that begins like a mark and is none.
    static func read(_ sql: String, number: Int) -> MigrationReach? {
        let line = sql.prefix { !$0.isNewline }
        guard line.hasPrefix("-- expand") || line.hasPrefix("-- contract") else { return .from(number) }
        let words = line.dropFirst(3).prefix { $0 != ":" }.split(separator: " ")
        switch words.count {
        case 1 where words[0] == "expand": return .expand
        case 3 where words[0] == "contract" && words[1] == "from":
            guard words[2].utf8.count == 4, let from = Int(words[2]), (1...number).contains(from) else { return nil }
            return .from(from)
        default: return nil
        }
    }

    /// As the database keeps it: the oldest program that goes on.
    var servesFrom: Int {
        switch self {
        case .expand: 0
        case .from(let number): number
        }
    }
}
