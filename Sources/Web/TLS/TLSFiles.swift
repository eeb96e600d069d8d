import FoundationEssentials

/// Where a listener's certificate and key are kept, both in PEM.
package struct TLSFiles: Sendable, Hashable {
    /// The server's certificate, followed by those that vouch for it.
    package let certificate: String
    package let privateKey: String

    /// Both paths are absolute, or relative to the process's own directory.
    package init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }

    private static let bytesMax = 1_048_576

    /// - Throws: `TLSProblem` when a file can't be read or is far too large.
    func read(_ path: String) throws(TLSProblem) -> [UInt8] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw TLSProblem("\(path) can not be read: \((error as? CocoaError).map(Self.reason) ?? "\(error)")")
        }
        guard data.count <= Self.bytesMax else { throw TLSProblem("\(path) is larger than \(Self.bytesMax) bytes") }
        return Array(data)
    }

    private static func reason(_ error: CocoaError) -> String {
        switch error.code {
        case .fileReadNoSuchFile, .fileNoSuchFile: "there is no such file"
        case .fileReadNoPermission: "permission denied"
        default: "\(error.code)"
        }
    }
}
