import Credentials
import OAuthProtocol

extension ClientMetadata {
    /// RFC 7517 §4.7: "The key in the first certificate MUST match the public key represented by other members of the JWK".
    /// - Throws: `invalid_client_metadata`.
    package func checkCertificates() throws(OAuthError) {
        for entry in certificates?.entries ?? [] {
            let certificate: ClientCertificate
            do { certificate = try ClientCertificate(parsing: entry.certificate) } catch {
                throw .invalidClientMetadata("The member jwks has an x5c that is no certificate.")
            }
            guard certificate.publicKey == entry.key.material else {
                throw .invalidClientMetadata("The member jwks has a certificate of another key.")
            }
        }
    }
}
