import Testing

/// What the compiler can't hold: where SQL, clock and chance are, what files are called, how long they are.
@Suite struct SourcesTests {
    @Test func `the sources are found`() {
        #expect(SourceFile.sources.count > 200)
        #expect(SourceFile.tests.count > 30)
    }

    @Test func `SQL stands only in stores, and in the Postgres wing`() throws {
        let sql = try Regex(
            #"(select .*\bfrom\b|select (pg_|exists|count)|\bfrom [a-z_]+ where\b|insert into [a-z_]|update [a-z_]+ set |delete from [a-z_]|create (table|index|function) )"#
        )
        let elsewhere = SourceFile.sources.filter { !$0.name.hasSuffix("Store") && $0.wing != "Postgres" && $0.wing != "TestKit" }
        #expect(elsewhere.flatMap { $0.matches(sql) } == [])
        // The rule would notice.
        #expect(!SourceFile.sources.filter { $0.name.hasSuffix("Store") }.flatMap { $0.matches(sql) }.isEmpty)
    }

    @Test func `the Postgres wing knows no table of ours`() throws {
        let tables = Migrations.tables.map(\.name).joined(separator: "|")
        let names = try Regex(#"\b(from|into|update|join) (\#(tables))\b"#)
        #expect(SourceFile.sources.filter { $0.wing == "Postgres" }.flatMap { $0.matches(names) } == [])
    }

    @Test func `only Runtime reads the clock and draws lots`() throws {
        let reads = try Regex(
            #"(\bDate\(\)|\bDate\.now|\bDate\(timeIntervalSinceNow|\bUUID\(\)|\.random\(|\.randomElement|\.shuffle|SystemRandomNumberGenerator|SymmetricKey\(size|\bgetrandom\(|\barc4random|clock_gettime|gettimeofday|DispatchTime\.now|\btime\(nil\))"#
        )
        #expect(SourceFile.sources.filter { $0.wing != "Runtime" }.flatMap { $0.matches(reads) } == [])
        #expect(!SourceFile.sources.filter { $0.wing == "Runtime" }.flatMap { $0.matches(reads) }.isEmpty)
    }

    @Test func `tests don't wait for time to pass in the server`() throws {
        let sleeps = try Regex(#"\b(usleep|sleep)\("#)
        let waiting = SourceFile.tests.filter { $0.wing != "PostgresTests" && $0.wing != "TidyTests" }.flatMap { $0.matches(sleeps) }
        #expect(waiting == [])
    }

    /// Where something is sealed under a master key: in a column that `SealedTables` lists, or in what isn't stored.
    private static let sealing: Set = [
        "MasterKeys", "Reencryption", "SigningKey", "SignatureKey", "CertificateIssuance",
        "FederationProviderStore", "FederationFlowStore", "PendingIdentityStore", "UpstreamTokenStore",
        // Travels in `state`.
        "DoorSignIn",
    ]

    @Test func `whatever is sealed is known to re-encryption and backups`() throws {
        let seals = try Regex(#"masterKeys\.seal\(|func seal\(.*table:"#)
        let found = Set(SourceFile.sources.filter { !$0.matches(seals).isEmpty }.map(\.name))
        #expect(found.subtracting(Self.sealing) == [])
    }

    @Test func `file names end as the house says`() {
        let banned = ["Util", "Utils", "Helper", "Helpers", "Common", "Core", "Misc", "Manager", "Service", "Impl", "New", "Controller"]
        for file in SourceFile.sources {
            #expect(!banned.contains { file.name.hasSuffix($0) }, "\(file)")
        }
    }

    @Test func `a file is named after what it holds`() throws {
        // Extensions of a type that lives elsewhere are named after what they add.
        let declaration = try Regex(
            #"^(package |public |private |fileprivate |@main |final |indirect )*(struct|enum|class|actor|protocol|extension|typealias|let|func) "#
        )
        for file in SourceFile.sources where file.name != "Package" && file.name != "module" {
            let declared = file.code.filter { $0.text.contains(declaration) }.map { String($0.text) }
            let isNamed = declared.contains { line in
                line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0.lowercased() == file.name.lowercased() }
            }
            #expect(isNamed || declared.allSatisfy { $0.contains("extension ") }, "\(file) \(declared.first ?? "")")
        }
    }

    @Test func `no two files of one wing have the same name`() {
        let names = SourceFile.sources.map { "\($0.wing)/\($0.name)" }
        #expect(Set(names).count == names.count)
    }

    @Test func `a store's file and a store's type go together`() throws {
        let store = try Regex(#"^(package |private )?(struct|class|actor|enum) [A-Za-z]*Store\b"#)
        for file in SourceFile.sources where file.code.contains(where: { $0.text.contains(store) }) {
            #expect(file.name.hasSuffix("Store"), "\(file)")
        }
    }

    @Test func `a file has at most 400 lines`() {
        for file in SourceFile.sources + SourceFile.tests {
            #expect(file.lines.count <= 401, "\(file): \(file.lines.count) lines")
        }
    }

    /// Functions that were longer when the rule came: they may shrink, and no other may join them.
    private static let longFunctions: [String: Int] = [:]

    @Test func `a function has at most 60 lines`() throws {
        let start = try Regex(
            #"^( *)(@[A-Za-z]+ )*(package |public |private |fileprivate |static |mutating |convenience |override |@discardableResult )*(func|init)\b"#
        )
        for file in SourceFile.sources {
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.contains(start) {
                let indent = line.prefix { $0 == " " }.count
                let closing = String(repeating: " ", count: indent) + "}"
                // A requirement of a protocol, or a body on the same line.
                guard !line.hasSuffix("}"), let end = lines[(index + 1)...].firstIndex(where: { $0.hasPrefix(closing) }) else { continue }
                let isBody = lines[index...end].contains { $0.hasSuffix("{") }
                let allowed = Self.longFunctions["\(file.path):\(line.drop { $0 == " " })"] ?? 60
                if isBody { #expect(end - index + 1 <= allowed, "\(file):\(index + 1) has \(end - index + 1) lines") }
            }
        }
    }

    @Test func `nothing is forced, and no promise goes unexplained`() throws {
        let forced = try Regex(#"\btry!"#)
        #expect(SourceFile.sources.flatMap { $0.matches(forced) } == [])
        for file in SourceFile.sources {
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.contains("@unchecked Sendable") {
                let before = lines[max(0, index - 6)..<index]
                #expect(before.contains { $0.contains("//") } || line.contains("//"), "\(file):\(index + 1) says not what guards it")
            }
        }
    }
}
