/// Why no certificate was made or revoked, in words for the operator.
package struct CertificateIssuanceError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
