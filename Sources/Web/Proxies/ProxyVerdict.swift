/// What the fields of a request say about the client behind a proxy, as far as they are believed.
package struct ProxyVerdict: Sendable, Equatable {
    /// Why a field was not believed: the reasons that the audit log counts.
    package enum Refusal: String, Sendable, CaseIterable {
        case untrustedAddress = "an address from no listed proxy"
        case untrustedCertificate = "a certificate from no listed proxy"
        case malformedAddress = "a malformed address from a proxy"
        case malformedCertificate = "a malformed certificate from a proxy"
    }

    /// Nil where the peer is the client, as far as one can tell.
    package var client: AddressNumber?
    /// DER, the client's own first.
    package var certificates: [[UInt8]] = []
    package var refusals: [Refusal] = []
}
