import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The style sheet, the script and the pictures, held in memory and addressed by their content, so that browsers keep them for good.
package struct PageAssets: Sendable {
    private struct Asset: Sendable {
        let path: String
        let type: String
        let content: ByteBuffer
    }

    private var assets: [String: Asset] = [:]
    private let sitePath: String

    /// - Throws: When the directory can't be read.
    init(directory: String, sitePath: String) throws {
        self.sitePath = sitePath
        guard FileManager.default.fileExists(atPath: directory) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            guard let type = Self.type(name), let data = FileManager.default.contents(atPath: directory + "/" + name) else { continue }
            let hash = SHA256.hash(data: data).prefix(8).map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
            assets[name] = Asset(path: "/assets/\(hash)/\(name)", type: type, content: ByteBuffer(bytes: data))
        }
    }

    /// - Returns: Where a browser finds the file, such as `/assets/90ab…/gatehouse.css`; nil when there is none of that name.
    package func path(_ name: String) -> String? { assets[name].map { sitePath + $0.path } }

    /// The paths by the names that templates use: `assets.gatehouse-css`.
    var model: PageModel {
        var model = PageModel()
        for (name, asset) in assets {
            model[String(name.map { $0 == "." ? "-" : $0 })] = sitePath + asset.path
        }
        return model
    }

    /// Serves `/assets/<hash>/<name>`.
    package func addRoutes(to router: some RouterMethods<GatehouseContext>) {
        for asset in assets.values {
            router.on(RouterPath(asset.path), method: .get) { request, _ in Self.reply(asset) }
            router.on(RouterPath(asset.path), method: .head) { request, _ in Self.reply(asset).createHeadResponse() }
        }
    }

    private static func reply(_ asset: Asset) -> Response {
        var headers: HTTPFields = [:]
        headers.append(HTTPField(name: .contentType, value: asset.type))
        // The address changes with the content (RFC 8246).
        headers.append(HTTPField(name: .cacheControl, value: "public, max-age=31536000, immutable"))
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.content))
    }

    private static func type(_ name: String) -> String? {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: nil
        }
    }
}
