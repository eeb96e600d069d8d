import FoundationEssentials
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore

/// The pages that people see, rendered from `Templates/`.
package struct Pages: Sendable {
    /// The static files that the pages refer to.
    package let assets: PageAssets

    private let library: MustacheLibrary
    /// Registered once: swift-mustache keeps its content types in a dictionary that nothing guards.
    private static let escaping: Void = MustacheContentTypes.register(PageEscaping(), named: PageEscaping.name)
    private let site: PageModel
    private let assetPaths: PageModel

    /// Reads all templates below `directory`, named by their path without the extension (`SignIn/sign-in`), and the static files in its folder `static`.
    /// - Throws: `PagesError` when there are none or one can't be parsed.
    package init(directory: String, site: Site) throws {
        _ = Self.escaping
        var library = MustacheLibrary()
        var count = 0
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) where path.hasSuffix(".mustache") {
            guard let data = FileManager.default.contents(atPath: directory + "/" + path) else { continue }
            // Every template, partials included, starts over with swift-mustache's own escaping unless it asks for ours first.
            let text = "{{% CONTENT_TYPE:\(PageEscaping.name)}}\n" + String(decoding: data, as: UTF8.self)
            do {
                try library.register(text, named: String(path.dropLast(".mustache".count)))
            } catch {
                throw PagesError(description: "\(directory)/\(path): \(error)")
            }
            count += 1
        }
        guard count > 0 else { throw PagesError(description: "no templates in \(directory)") }
        self.library = library
        assets = try PageAssets(directory: directory + "/static", sitePath: site.path)
        assetPaths = assets.model
        self.site = [
            "name": site.name, "issuer": site.issuer, "version": site.version.isEmpty ? nil : site.version,
            "home": site.path + "/",
        ]
    }

    /// Renders a template to an answer that no cache keeps.
    /// - Throws: `PagesError` when there is no template of that name.
    package func render(
        _ name: String, _ model: PageModel, status: HTTPResponse.Status = .ok, policy: PagePolicy = .init()
    ) throws -> Response {
        let text = try html(name, model)
        var headers: HTTPFields = [:]
        headers.append(Self.htmlType)
        headers.append(contentsOf: Reply.noStore)
        headers.append(HTTPField(name: .contentSecurityPolicy, value: policy.headerValue))
        // Nothing leaves the site; within it the browser must name the origin, since `no-referrer` blanks the Origin of forms, too (Fetch §3.3).
        headers.append(Self.referrerPolicy)
        if policy.isIsolated { headers.append(Self.openerPolicy) }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// The HTML alone.
    package func html(_ name: String, _ model: PageModel) throws -> String {
        var model = model
        model["site"] = site
        model["assets"] = assetPaths
        guard let text = library.render(model, withTemplate: name) else {
            throw PagesError(description: "no template is named \(name)")
        }
        return text
    }

    private static let htmlType = HTTPField(name: .contentType, value: "text/html; charset=utf-8")
    private static let referrerPolicy = HTTPField(name: .referrerPolicy, value: "same-origin")
    private static let openerPolicy = HTTPField(name: .crossOriginOpenerPolicy, value: "same-origin")
}

/// A template is missing or malformed: found at start-up or by the tests, not by people.
package struct PagesError: Error, CustomStringConvertible {
    package let description: String
}
