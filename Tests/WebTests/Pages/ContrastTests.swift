import Foundation
import Testing

/// The colours of the style sheets, held to WCAG 2.2 AA.
@Suite struct ContrastTests {
    @Test(
        "Text has 4.5:1 on every surface, lines of controls 3:1, by day and by night",
        arguments: ["Templates/static/gatehouse.css", "Templates/DemoApplication/static/demo.css"])
    func contrast(file: String) throws {
        let css = try String(contentsOfFile: PagesTests.root + "/" + file, encoding: .utf8)
        let roots = css.matches(of: /:root \{([^}]*)\}/).map { String($0.output.1) }
        #expect(roots.count == 2)
        for root in roots {
            var colours: [String: String] = [:]
            for match in root.matches(of: /--([a-z0-9-]+): #([0-9a-f]{6})/) { colours[String(match.output.1)] = String(match.output.2) }
            var pairs = [("accent-ink", "accent"), ("accent-ink", "accent-strong"), ("accent", "accent-wash"), ("ink", "accent-wash")]
            for surface in ["stone", "arch", "card", "field", "code"] where colours[surface] != nil {
                pairs += [("ink", surface), ("ink-soft", surface), ("accent", surface), ("accent-strong", surface)]
            }
            for notice in ["danger", "warning", "success"] where colours[notice] != nil { pairs.append((notice, notice + "-wash")) }
            for part in ["part1", "part2", "part3"] where colours[part] != nil { pairs.append((part, "code")) }
            for (text, surface) in pairs {
                let ratio = try Self.ratio(try #require(colours[text]), try #require(colours[surface]))
                #expect(ratio >= 4.5, "\(text) on \(surface)")
            }
            let line = try Self.ratio(try #require(colours["field-line"]), try #require(colours["card"]))
            #expect(line >= 3)
        }
    }

    /// WCAG 2.2, "contrast ratio" and "relative luminance".
    private static func ratio(_ first: String, _ second: String) throws -> Double {
        let (a, b) = (try luminance(first), try luminance(second))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    private static func luminance(_ colour: String) throws -> Double {
        let value = try #require(Int(colour, radix: 16))
        let channels = [value >> 16 & 255, value >> 8 & 255, value & 255].map { channel -> Double in
            let share = Double(channel) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
}
