import Foundation
import TestKit

/// A file of the checkout, as the tidiness tests see it.
struct SourceFile: Sendable, CustomStringConvertible {
    /// From the checkout's root: `Sources/OAuth/Token/TokenEndpoint.swift`.
    let path: String
    let text: String

    var description: String { path }

    /// `OAuth` of `Sources/OAuth/Token/TokenEndpoint.swift`.
    var wing: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// `TokenEndpoint` of `Sources/OAuth/Token/TokenEndpoint.swift`.
    var name: String { path.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? "" }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Lines with their numbers, without comments.
    var code: [(number: Int, text: Substring)] {
        lines.enumerated().compactMap { index, line in
            let start = line.drop { $0 == " " }
            return start.hasPrefix("//") ? nil : (index + 1, line)
        }
    }

    /// Places where code matches, as `path:line: text`.
    func matches(_ pattern: Regex<some Any>) -> [String] {
        code.filter { $0.text.contains(pattern) }.map { "\(path):\($0.number): \($0.text.drop { $0 == " " })" }
    }

    /// Every file below a directory whose name ends so.
    static func all(below directory: String, ending: String = ".swift") -> [SourceFile] {
        let root = Checkout.path(directory)
        guard let found = FileManager.default.enumerator(atPath: root) else { return [] }
        return found.compactMap { $0 as? String }.filter { $0.hasSuffix(ending) }.sorted().compactMap { relative in
            (try? String(contentsOfFile: "\(root)/\(relative)", encoding: .utf8)).map {
                SourceFile(path: "\(directory)/\(relative)", text: $0)
            }
        }
    }

    static func read(_ path: String) -> SourceFile? {
        (try? String(contentsOfFile: Checkout.path(path), encoding: .utf8)).map { SourceFile(path: path, text: $0) }
    }

    static let sources = all(below: "Sources")
    static let tests = all(below: "Tests")
}
