import Foundation
import Hummingbird
import Testing

@testable import Web

@Suite struct PagesTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let site = Site(issuer: "http://localhost:8080")

    static func pages() throws -> Pages { try Pages(directory: root + "/Templates", site: site) }

    @Test("Every page renders with its sample; GATEHOUSE_PAGE_SAMPLES names a folder to look at them in")
    func everyPageRenders() throws {
        let pages = try Self.pages()
        let folder = ProcessInfo.processInfo.environment["GATEHOUSE_PAGE_SAMPLES"]
        for sample in PageSamples.all {
            let html = try pages.html(sample.template, sample.model)
            #expect(html.contains("</html>"))
            guard let folder else { continue }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try html.write(toFile: "\(folder)/\(sample.file).html", atomically: true, encoding: .utf8)
        }
        guard let folder else { return }
        for name in ["gatehouse.css", "favicon.svg", "form-post.js"] {
            let path = try #require(pages.assets.path(name))
            let target = folder + path
            try FileManager.default.createDirectory(
                atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try? FileManager.default.removeItem(atPath: target)
            try FileManager.default.copyItem(atPath: "\(Self.root)/Templates/static/\(name)", toPath: target)
        }
    }
}
