/// The statements that one connection has prepared, by SQL text and parameter types; the least recently used gives way.
struct StatementCache {
    struct Prepared {
        let name: String
        fileprivate let types: [UInt32]
        fileprivate var usedAt: UInt64
    }

    enum Lookup: Equatable {
        case known(name: String)
        /// Prepare under this name; deallocate `evicted` first.
        case unknown(name: String, evicted: String?)
    }

    static let countMax = 256

    /// One entry per combination of types that a text was used with; nearly always one.
    private var variants: [String: [Prepared]] = [:]
    private(set) var count = 0
    private var uses: UInt64 = 0
    private var names: UInt64 = 0

    mutating func find(_ sql: String, types: [UInt32]) -> Lookup {
        uses += 1
        if let position = variants.index(forKey: sql),
            let index = variants.values[position].firstIndex(where: { $0.types == types })
        {
            variants.values[position][index].usedAt = uses
            return .known(name: variants.values[position][index].name)
        }
        let evicted = count >= Self.countMax ? evict() : nil
        names += 1
        let name = "g\(names)"
        variants[sql, default: []].append(Prepared(name: name, types: types, usedAt: uses))
        count += 1
        return .unknown(name: name, evicted: evicted)
    }

    /// Forgets a statement whose preparation failed or that the server no longer knows.
    mutating func remove(_ sql: String, name: String) {
        guard let index = variants[sql]?.firstIndex(where: { $0.name == name }) else { return }
        variants[sql]?.remove(at: index)
        if variants[sql]?.isEmpty == true { variants[sql] = nil }
        count -= 1
    }

    private mutating func evict() -> String? {
        var oldest: (sql: String, prepared: Prepared)?
        for (sql, list) in variants {
            for prepared in list where prepared.usedAt < oldest?.prepared.usedAt ?? .max { oldest = (sql, prepared) }
        }
        guard let oldest else { return nil }
        remove(oldest.sql, name: oldest.prepared.name)
        return oldest.prepared.name
    }
}
