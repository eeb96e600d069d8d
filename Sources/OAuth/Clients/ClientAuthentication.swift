import Credentials
import FoundationEssentials
import HTTPTypes
import Keys
import OAuthProtocol

/// Says which client is asking, once for every endpoint that clients call (RFC 6749 §2.3).
package struct ClientAuthentication: Sendable {
    private let clients: ClientDirectory
    private let guesses: ClientGuesses
    private let certificates: CertificateDirectory

    package init(clients: ClientDirectory, guesses: ClientGuesses, certificates: CertificateDirectory) {
        self.clients = clients
        self.guesses = guesses
        self.certificates = certificates
    }

    /// - Parameters:
    ///   - certificates: what the sender has proven to hold the key of: DER, its own first.
    ///   - address: as limits count it; nil where nobody says.
    /// - Returns: the client that has proven itself, or a public client that has named itself.
    /// - Throws: `invalid_client`; `invalid_request` when more than one method is used; `too_many_requests` after too many wrong secrets.
    package func authenticate(
        _ headers: HTTPFields, _ form: Parameters, certificates: [[UInt8]] = [], from address: String?, now: Date
    ) async throws -> Client {
        let secretInForm = try form.optional("client_secret")
        let idInForm = try form.optional("client_id")
        // RFC 7521 §4.2: not supported yet, and never ignored.
        guard try form.optional("client_assertion_type") == nil, try form.optional("client_assertion") == nil else {
            throw OAuthError.invalidClient("client assertions are not supported", challenge: Self.challenge)
        }
        guard let header = try authorization(headers) else {
            guard let idInForm else { throw OAuthError.invalidClient("client authentication is required", challenge: Self.challenge) }
            guard let secretInForm else { return try await require(idInForm, certificates: certificates, now: now) }
            return try await require(idInForm, secret: secretInForm, method: .clientSecretPost, from: address, now: now)
        }
        // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
        guard secretInForm == nil else { throw OAuthError.invalidRequest("more than one client authentication method") }
        guard let basic = try BasicCredentials(authorization: header) else {
            throw OAuthError.invalidClient("this Authorization scheme is not supported", challenge: Self.challenge)
        }
        guard idInForm == nil || idInForm == basic.clientID else {
            throw OAuthError.invalidRequest("client_id is not the one in Authorization")
        }
        return try await require(basic.clientID, secret: basic.clientSecret, method: .clientSecretBasic, from: address, now: now)
    }

    /// Every 401 carries a challenge (RFC 9110 §15.5.2).
    static let challenge = Challenge.basic(realm: "gatehouse")

    private func authorization(_ headers: HTTPFields) throws -> String? {
        let values = headers[values: .authorization]
        guard values.count <= 1 else { throw OAuthError.invalidRequest("more than one Authorization header") }
        return values.first
    }

    private func require(
        _ id: String, secret: String, method: TokenEndpointAuthMethod, from address: String?, now: Date
    ) async throws -> Client {
        try guesses.judge(clientID: id, address: address, now: now)
        let client = try await clients.find(id)
        // The same work for an unknown client as for a wrong secret; who has no secret stored is never proven by one.
        let isProven = TokenHash(of: secret) == (client?.secretHash ?? Self.nobody) && client?.secretHash != nil
        guard let client, isProven, client.metadata.tokenEndpointAuthMethod == method else {
            guesses.charge(clientID: id, address: address, now: now)
            throw Self.failure(
                client == nil ? "unknown client" : isProven ? "registered for another method than \(method.rawValue)" : "wrong secret")
        }
        return client
    }

    /// A client that names itself and shows no secret: a public one, or one that is known by its certificate (RFC 8705 §2).
    /// Nothing is guessed.
    private func require(_ id: String, certificates chain: [[UInt8]], now: Date) async throws -> Client {
        guard let client = try await clients.find(id) else { throw Self.failure("unknown client") }
        do {
            switch client.metadata.tokenEndpointAuthMethod {
            case .none: return client
            case .tlsClientAuth: try check(chain, of: client, now: now)
            case .selfSignedTLSClientAuth: try checkSelfSigned(chain, of: client, now: now)
            case .clientSecretBasic, .clientSecretPost: throw Self.failure("wrong secret")
            }
        } catch let refusal as CertificateRefusal {
            throw Self.failure("certificate: \(refusal.rawValue)")
        }
        return client
    }

    /// §2.1: an authority that we trust vouches for the name that the client registered.
    private func check(_ chain: [[UInt8]], of client: Client, now: Date) throws(CertificateRefusal) {
        let judged = try certificates.judge(chain, clientID: client.id, now: now)
        guard let rule = client.metadata.certificateName, judged.certificate.names.contains(rule.name) else {
            throw certificates.refuse(.wrongSubject, clientID: client.id)
        }
        guard certificates.isVouchedFor(judged, by: client.metadata.certificateAuthorities) else {
            throw certificates.refuse(.wrongAuthority, clientID: client.id)
        }
    }

    /// §2.2: it is one of those that the client registered.
    private func checkSelfSigned(_ chain: [[UInt8]], of client: Client, now: Date) throws(CertificateRefusal) {
        do throws(CertificateRefusal) {
            guard let certificate = chain.first else { throw CertificateRefusal.missing }
            guard client.metadata.certificates?.contains(certificate) == true else { throw CertificateRefusal.wrongSubject }
            _ = try ClientCertificate.judgeSelfSigned(certificate, now: now)
        } catch {
            throw certificates.refuse(error, clientID: client.id)
        }
    }

    /// One answer for every reason; the reason is for the log.
    private static func failure(_ reason: String) -> OAuthError {
        .invalidClient("client authentication failed", reason: reason, challenge: challenge)
    }

    private static let nobody = TokenHash(of: "")
}
