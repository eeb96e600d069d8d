/// What is wrong with a certificate or its key, in words for the operator.
package struct TLSProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
