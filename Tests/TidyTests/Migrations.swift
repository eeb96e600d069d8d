/// What the migrations make, read from their text.
enum Migrations {
    struct Table: Sendable {
        let name: String
        var columns: [String]
    }

    static let files = SourceFile.all(below: "Migrations", ending: ".sql")

    /// Every table with every column it has in the end.
    static let tables: [Table] = {
        var tables: [Table] = []
        for file in files {
            var open: Table?
            for line in file.lines {
                // An unlogged table is a table.
                let line = line.replacing("create unlogged table ", with: "create table ")
                let words = line.split { $0 == " " || $0 == "(" }
                if line.hasPrefix("create table ") || line.hasPrefix("create unlogged table "), words.count > 2,
                    let name = words.drop(while: { $0 != "table" }).dropFirst().first
                {
                    open = Table(name: String(name), columns: [])
                } else if line.hasPrefix(")"), let table = open {
                    tables.append(table)
                    open = nil
                } else if open != nil, line.hasPrefix("    "), let first = words.first, !notColumns.contains(String(first)) {
                    open?.columns.append(String(first))
                } else if line.hasPrefix("alter table "), words.count > 5, words[3] == "add", words[4] == "column",
                    let index = tables.firstIndex(where: { $0.name == words[2] })
                {
                    tables[index].columns.append(String(words[5]))
                } else if line.hasPrefix("drop table "), words.count > 2 {
                    tables.removeAll { $0.name == words[2].prefix { $0 != ";" } }
                }
            }
        }
        return tables
    }()

    private static let notColumns: Set = ["--", "primary", "unique", "check", "foreign", "constraint", "references"]
}
