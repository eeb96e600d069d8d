import HTTPTypes

/// How one kind of proxy asks, and what it can do with an answer. One file each; the decision is the same for all.
protocol ForwardAuthDialect: Sendable {
    /// The last part of the path, `/gateway/check/<name>`.
    static var name: String { get }
    /// Whether the proxy hands refusals on to the client as they are: any status, redirects, body. nginx knows 401 and 403 only,
    /// and makes 500 of everything else.
    static var passesAnswersOn: Bool { get }

    /// The request that the proxy asks about.
    static func evidence(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence
}

enum ForwardAuthDialects {
    static let all: [any ForwardAuthDialect.Type] = [
        ForwardAuthNginx.self, ForwardAuthTraefik.self, ForwardAuthCaddy.self, ForwardAuthEnvoy.self,
    ]

    /// - Returns: the dialect that a path names, and what stands behind its name: only Envoy may append something.
    static func find(path: String) -> (dialect: any ForwardAuthDialect.Type, appended: Substring)? {
        guard path.utf8.starts(with: ForwardAuthEndpoint.pathPrefix.utf8) else { return nil }
        let rest = path[path.utf8.index(path.startIndex, offsetBy: ForwardAuthEndpoint.pathPrefix.utf8.count)...]
        let name = rest.prefix { $0 != "/" && $0 != "?" }
        guard let dialect = all.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return nil }
        return (dialect, rest[name.endIndex...])
    }

    static let targetBytesMax = ForwardAuthPath.targetBytesMax
    /// A host name has at most 253 bytes, a port five.
    static let authorityBytesMax = 261
}
