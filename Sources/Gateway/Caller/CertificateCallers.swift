import Credentials
import FoundationEssentials
import OAuth
import OAuthProtocol

/// Says which client a certificate stands for where it is shown without anything else.
package struct CertificateCallers: Sendable {
    struct Found {
        let client: Client
        let scopes: ScopeSet
        let certificate: ClientCertificate
    }

    private let directory: CertificateDirectory
    private let clients: ClientDirectory

    package init(directory: CertificateDirectory, clients: ClientDirectory) {
        self.directory = directory
        self.clients = clients
    }

    /// Of a certificate of our own authority the record says it; of another, the name that a client has registered (`tls_client_auth`).
    /// - Parameter chain: in DER, the client's own first.
    /// - Throws: ``CertificateRefusal``, which has been counted for the audit log; `PostgresError`.
    func require(_ chain: [[UInt8]], now: Date) async throws -> Found {
        let judged = try directory.judge(chain, clientID: nil, now: now)
        if let record = try await directory.findOwner(of: judged, now: now) {
            guard let id = record.clientID, let client = try await clients.find(id) else {
                throw directory.refuse(.unknownOwner, clientID: record.clientID)
            }
            try requireAuthority(judged, for: client)
            // The client may have been declared for less since.
            return Found(client: client, scopes: record.scopes.intersection(client.scopes), certificate: judged.certificate)
        }
        guard let client = try await clients.find(certificateNames: judged.certificate.names) else {
            throw directory.refuse(.unknownOwner, clientID: nil)
        }
        try requireAuthority(judged, for: client)
        return Found(client: client, scopes: client.scopes, certificate: judged.certificate)
    }

    private func requireAuthority(_ judged: CertificateTrust.Judged, for client: Client) throws(CertificateRefusal) {
        guard directory.isVouchedFor(judged, by: client.metadata.certificateAuthorities) else {
            throw directory.refuse(.wrongAuthority, clientID: client.id)
        }
    }
}
