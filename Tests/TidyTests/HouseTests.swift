import Testing

/// The order of the house: who may import whom, what is pinned, what templates may do, what is advertised.
@Suite struct HouseTests {
    private static let plan = SourceFile.read("Package.swift")

    /// Each wing with the names that it is allowed, as Package.swift says.
    private static func wings() throws -> [String: Set<String>] {
        let text = try #require(plan?.text)
        var wings: [String: Set<String>] = [:]
        let declaration = try Regex(#"(?s)(wing|tests)\(\s*"(\w+)",\s*\[(.*?)\]\)"#)
        let quoted = try Regex(#""(\w+)""#)
        for match in text.matches(of: declaration) {
            guard let name = match.output[2].substring, let list = match.output[3].substring else { continue }
            wings[String(name)] = Set(list.matches(of: quoted).compactMap { $0.output[1].substring.map(String.init) })
        }
        return wings
    }

    @Test func `no wing imports what stands above it`() throws {
        let wings = try Self.wings()
        #expect(wings.count > 10)
        let imports = try Regex(#"^(@testable |private |package |public |internal )*import (struct |enum |class |func )?(\w+)"#)
        for file in SourceFile.sources {
            guard let allowed = wings[file.wing] else { continue }
            for line in file.code {
                guard let match = line.text.firstMatch(of: imports), let name = match.output[3].substring.map(String.init),
                    wings[name] != nil
                else { continue }
                #expect(allowed.contains(name), "\(file):\(line.number) imports \(name)")
            }
        }
    }

    @Test func `wings depend only on wings that are declared before them`() throws {
        let text = try #require(Self.plan?.text)
        let names = try text.matches(of: Regex(#"(?s)wing\(\s*"(\w+)""#)).compactMap { $0.output[1].substring.map(String.init) }
        let wings = try Self.wings()
        for (index, name) in names.enumerated() {
            for dependency in try #require(wings[name]) where names.contains(dependency) {
                #expect(names[..<index].contains(dependency), "\(name) depends on \(dependency)")
            }
        }
    }

    @Test func `the protocols' words need nobody, and the database knows nobody`() throws {
        let wings = try Self.wings()
        let names = Set(wings.keys)
        #expect(wings["OAuthProtocol"]?.intersection(names) == [])
        #expect(wings["Postgres"]?.intersection(names) == [])
    }

    @Test func `packages are pinned to one version each`() throws {
        let lines = try #require(Self.plan).code.filter { $0.text.contains(".package(") }
        #expect(lines.count > 5)
        for line in lines { #expect(line.text.contains("exact: \""), "\(line.text)") }
    }

    @Test func `templates never pass text unescaped`() {
        let templates = SourceFile.all(below: "Templates", ending: ".mustache")
        #expect(templates.count > 10)
        for template in templates {
            #expect(!template.text.contains("{{{"), "\(template)")
            #expect(!template.text.contains("{{&"), "\(template)")
            // The content security policy would refuse both.
            #expect(!template.text.contains("<style"), "\(template)")
            #expect(!template.text.lowercased().contains(" onclick="), "\(template)")
            #expect(!template.text.contains("javascript:"), "\(template)")
        }
    }

    @Test func `every path that discovery names is in the routes`() throws {
        let discovery = try #require(SourceFile.sources.first { $0.name == "DiscoveryEndpoint" })
        let routes = try #require(SourceFile.sources.first { $0.name == "Routes" })
        let advertised = try discovery.text.matches(of: Regex(#"(?:url|page)\(Path\.(\w+)\)"#)).compactMap { $0.output[1].substring }
        #expect(advertised.count == 8)
        for name in advertised {
            let route = #"(machines|people)\.(get|post)\("\\\(Path\.\#(name)\)"|\(\.(get|post), Path\.\#(name), "#
            #expect(try routes.text.contains(Regex(route)), "\(name)")
        }
    }
}
