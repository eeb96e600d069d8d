import Testing

@testable import Web

@Suite struct PageEscapingTests {
    @Test("The five characters that HTML gives a meaning are escaped")
    func fiveCharacters() {
        #expect(PageEscaping().escapeText("<a href=\"x\" title='y'>&") == "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;")
        #expect(PageEscaping().escapeText("Ada Lovelace é 漢字") == "Ada Lovelace é 漢字")
    }

    @Test(
        "A character is escaped even when a combining accent follows and makes one Character of both",
        arguments: ["\"", "<", ">", "&", "'"])
    func combiningAccent(character: String) {
        let text = character + "\u{301}"
        #expect(text.count == 1)
        let escaped = PageEscaping().escapeText(text)
        #expect(escaped.utf8.first == UInt8(ascii: "&"))
        #expect(escaped.utf8.contains(UInt8(ascii: ";")))
    }

    @Test("No value can break out of a page: every member of every sample is replaced by markup, and none of it survives")
    func hostileValues() throws {
        let attack = "\"\u{301}><script>alert(1)</script>'\u{301} onload='x"
        for sample in PageSamples.all {
            let html = try PagesTests.pages().html(sample.template, Self.poisoned(sample.model, with: attack))
            #expect(!html.contains("<script>alert"), "\(sample.file)")
            // Not as literals in the macro: it writes them out again, and stumbles over the accents itself.
            for ending in ["\"\u{301}>", "'\u{301} onload"] {
                #expect(!html.utf8.contains(sequence: ending), "\(sample.file)")
            }
        }
    }

    private static func poisoned(_ model: PageModel, with attack: String) -> PageModel {
        var result = model
        for name in model.names {
            switch model[name] {
            case is String: result[name] = attack
            case let inner as PageModel: result[name] = poisoned(inner, with: attack)
            case let list as [PageModel]: result[name] = list.map { poisoned($0, with: attack) }
            default: break
            }
        }
        return result
    }
}

extension String.UTF8View {
    /// By bytes: `String.contains` compares Characters and would overlook an accent.
    fileprivate func contains(sequence: String) -> Bool {
        let needle = Array(sequence.utf8)
        let bytes = Array(self)
        guard bytes.count >= needle.count else { return false }
        return (0...(bytes.count - needle.count)).contains { bytes[$0..<($0 + needle.count)].elementsEqual(needle) }
    }
}
