/// The repository that the tests run from.
package enum Checkout {
    /// Found from this file's place: `<root>/Sources/TestKit/Checkout.swift`.
    package static let root: String = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    package static func path(_ relative: String) -> String { "\(root)/\(relative)" }
}
