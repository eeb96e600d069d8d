import HTTPTypes

/// Which proxies are believed, and what they may say of the clients that they speak for.
///
/// A plain function from the peer's address and the request's fields to an address and certificates: no channel, no clock, no waiting.
package struct ProxyTrust: Sendable {
    /// The field that tells the client's address.
    package enum AddressField: String, Sendable, CaseIterable {
        case none
        /// RFC 7239.
        case forwarded
        case xForwardedFor = "x_forwarded_for"
    }

    /// The field that tells the client's certificate.
    package enum CertificateField: String, Sendable, CaseIterable {
        case none
        /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
        case clientCert = "client_cert"
        /// Envoy's `X-Forwarded-Client-Cert`.
        case xfcc
        /// PEM, percent-encoded, in a field of the operator's choice, as nginx makes it.
        case escapedPEM = "escaped_pem"
    }

    private let networks: [AddressNetwork]
    private let addressField: HTTPField.Name?
    private let isForwarded: Bool
    private let certificates: ProxyCertificateSource

    /// - Parameter certificates: where they tell the client's certificate.
    package init(networks: [AddressNetwork], addressField: AddressField, certificates: ProxyCertificateSource = .none) {
        self.networks = networks
        self.certificates = certificates
        isForwarded = addressField == .forwarded
        self.addressField =
            switch addressField {
            case .none: nil
            case .forwarded: .forwarded
            case .xForwardedFor: .xForwardedFor
            }
    }

    /// What the fields of a request are worth.
    /// - Parameters:
    ///   - peer: Who is at the other end of the connection.
    ///   - readsCertificate: False where the connection itself has proven one: that is worth more than what anybody says.
    package func judge(peer: AddressNumber?, _ headers: HTTPFields, readsCertificate: Bool = true) -> ProxyVerdict {
        var verdict = ProxyVerdict()
        guard let peer, isTrusted(peer) else {
            if let addressField, headers.contains(addressField) { verdict.refusals.append(.untrustedAddress) }
            if certificates.isPresent(in: headers) { verdict.refusals.append(.untrustedCertificate) }
            return verdict
        }
        if let addressField, headers.contains(addressField) {
            if let client = client(behind: peer, headers[values: addressField]) {
                verdict.client = client
            } else {
                verdict.refusals.append(.malformedAddress)
            }
        }
        if readsCertificate, certificates.isPresent(in: headers) {
            if let read = certificates.read(headers) {
                verdict.certificates = read
            } else {
                verdict.refusals.append(.malformedCertificate)
            }
        }
        return verdict
    }

    private func isTrusted(_ address: AddressNumber) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// The first address from the right that isn't a proxy's: what stands left of it was written by strangers, and isn't even looked at.
    /// - Returns: nil when what a proxy wrote is no address.
    private func client(behind peer: AddressNumber, _ lines: [String]) -> AddressNumber? {
        var client = peer
        var count = 0
        for element in ProxyElements(lines) {
            count += 1
            guard count <= Self.hopsMax,
                let address = isForwarded ? ProxyNode.address(forwarded: element) : ProxyNode.address(forwardedFor: element)
            else { return nil }
            client = address
            if !isTrusted(address) { break }
        }
        return client
    }

    /// Proxies in a row at most.
    private static let hopsMax = 32
}
