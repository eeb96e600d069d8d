import TestKit
import Testing

@Suite struct MigrationsTests {
    @Test func `migrations are numbered without a gap and named in words`() throws {
        let names = Migrations.files.map(\.name)
        #expect(!names.isEmpty)
        for (index, name) in names.enumerated() {
            #expect(Int(name.prefix(4)) == index + 1, "\(name)")
            #expect(try name.contains(Regex(#"^[0-9]{4}_[a-z0-9]+(_[a-z0-9]+)*$"#)), "\(name)")
        }
    }

    /// The first that a node of a running deployment may meet unprepared.
    @Test func `since 0017 a migration says which older programs it serves`() throws {
        for migration in Migrations.files {
            guard let number = Int(migration.name.prefix(4)), number >= 17 else { continue }
            let first = migration.lines.first ?? ""
            #expect(try first.contains(Regex(#"^-- (expand|contract from [0-9]{4})(:|$)"#)), "\(migration.name)")
        }
    }

    @Test func `the tables read from the text are those of the database`() async throws {
        let stored = try await TestDatabase.withDatabase { database in
            try await database.all(
                """
                select c.table_name::text, c.column_name::text from information_schema.columns c
                where c.table_schema = 'public' and c.table_name <> 'schema_migrations'
                """
            ) { "\(try $0.text(0)).\(try $0.text(1))" }
        }
        let read = Migrations.tables.flatMap { table in table.columns.map { "\(table.name).\($0)" } }
        #expect(read.sorted() == stored.sorted())
    }

    @Test func `every table and every column is on the map of personal data`() throws {
        let map = try #require(SourceFile.all(below: "docs", ending: "personal-data.md").first)
        var sections: [String: String] = [:]
        var table = ""
        for line in map.lines {
            if line.hasPrefix("### `") { table = String(line.dropFirst(5).prefix { $0 != "`" }) }
            // The first cell of a row names its columns.
            if line.hasPrefix("| `"), let cell = line.split(separator: "|").first { sections[table, default: ""] += cell + "," }
        }
        #expect(Set(sections.keys) == Set(Migrations.tables.map(\.name)))
        for table in Migrations.tables {
            for column in table.columns {
                #expect(sections[table.name]?.contains("`\(column)`") == true, "\(table.name).\(column) is not on the map")
            }
        }
    }
}
