import Foundation

/// An authority's certificate in a file, as an operator names it; it goes when nobody holds it any more.
package final class TestAuthorityFile: Sendable {
    package let path: String

    package init(_ authority: TestAuthority) throws {
        path = FileManager.default.temporaryDirectory.path() + "/authority-\(ProcessInfo.processInfo.globallyUniqueString).pem"
        try Data(authority.pem.utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
