/// The self-signed certificates of a client: a JWK set in which every key carries its certificate as `x5c` (RFC 8705 §2.2).
package struct RegisteredCertificates: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let key: JWK
        /// X.509 in DER: the first of `x5c` (RFC 7517 §4.7).
        package let certificate: [UInt8]
    }

    package static let countMax = 10
    package static let certificateBytesMax = 8_192

    package let entries: [Entry]
    /// As it was registered.
    package let json: JSONValue

    /// - Throws: `invalid_client_metadata`. Whether certificates and keys go together is for whoever can read certificates.
    package init(jwks: JSONValue) throws(OAuthError) {
        guard let elements = jwks["keys"]?.array, (1...Self.countMax).contains(elements.count) else {
            throw .invalidClientMetadata("The member jwks is no set of 1 to \(Self.countMax) keys.")
        }
        var entries: [Entry] = []
        for element in elements {
            let key: JWK
            do { key = try JWK(parsing: element) } catch {
                throw .invalidClientMetadata("The member jwks has a key that is not supported: P-256 or RSA from 2048 bits, public.")
            }
            guard let chain = element["x5c"]?.strings, chain.count <= 5, let first = chain.first,
                first.utf8.count <= Self.certificateBytesMax * 4 / 3 + 4, let certificate = Base64.decode(utf8: first.utf8),
                !certificate.isEmpty
            else { throw .invalidClientMetadata("The member jwks has a key without a certificate (x5c).") }
            entries.append(Entry(key: key, certificate: certificate))
        }
        self.entries = entries
        json = jwks
    }

    /// Whether this is one of them, byte for byte.
    package func contains(_ certificate: [UInt8]) -> Bool {
        entries.contains { $0.certificate == certificate }
    }
}
