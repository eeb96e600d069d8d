import HTTPTypes

/// The field in which proxies hand on the certificate that they saw, and how they write it.
package struct ProxyCertificateSource: Sendable {
    private let field: ProxyTrust.CertificateField
    private let name: HTTPField.Name?

    /// Certificates are not handed on.
    package static let none = ProxyCertificateSource(.none)

    /// - Parameter escapedPEMName: which field holds the certificate where `field` is ``ProxyTrust/CertificateField/escapedPEM``.
    package init(_ field: ProxyTrust.CertificateField, escapedPEMName: HTTPField.Name = .xClientCert) {
        self.field = field
        name =
            switch field {
            case .none: nil
            case .clientCert: .clientCert
            case .xfcc: .xForwardedClientCert
            case .escapedPEM: escapedPEMName
            }
    }

    /// Whether the fields of a request say anything about a certificate.
    package func isPresent(in headers: HTTPFields) -> Bool {
        guard let name else { return false }
        return headers.contains(name) || (field == .clientCert && headers.contains(.clientCertChain))
    }

    /// - Returns: DER, the client's own first; empty where it showed none; nil for what is malformed or too large.
    package func read(_ headers: HTTPFields) -> [[UInt8]]? {
        guard let name else { return [] }
        let lines = headers[values: name]
        return switch field {
        case .none: []
        case .clientCert: ProxyCertificate.read(clientCert: lines, chain: headers[values: .clientCertChain])
        case .xfcc: ProxyCertificate.read(xfcc: lines)
        case .escapedPEM: ProxyCertificate.read(escapedPEM: lines)
        }
    }
}
