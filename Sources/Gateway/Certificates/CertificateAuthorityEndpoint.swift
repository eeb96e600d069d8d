import Credentials
import FoundationEssentials
import HTTPTypes
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `GET /certificates/authority.crl` and `/certificates/authority.crt`: what everybody who trusts our own authority needs (RFC 5280 §4.2.1.13).
package struct CertificateAuthorityEndpoint: Sendable {
    package static let listPath = "/certificates/authority.crl"
    package static let certificatePath = "/certificates/authority.crt"
    /// How long caches may hold either.
    static let cacheTimeMax: Duration = .minutes(5)

    let certificates: CertificateDirectory
    let clock: any WallClock

    package init(certificates: CertificateDirectory, clock: any WallClock) {
        self.certificates = certificates
        self.clock = clock
    }

    package func showList(_ request: Request, _ context: GatehouseContext) throws -> Response {
        let authority = try requireAuthority()
        let left = authority.revocationListExpiresAt.timeIntervalSince(clock.now)
        return reply(authority.revocationList, type: "application/pkix-crl", seconds: min(left, Self.cacheTimeMax.inSeconds))
    }

    package func showCertificate(_ request: Request, _ context: GatehouseContext) throws -> Response {
        reply(try requireAuthority().certificate, type: "application/pkix-cert", seconds: Self.cacheTimeMax.inSeconds)
    }

    private func requireAuthority() throws(OAuthError) -> CertificateDirectory.Authority {
        guard let authority = certificates.authority else { throw .notFound("There is no certificate authority here.") }
        return authority
    }

    private func reply(_ bytes: [UInt8], type: String, seconds: Double) -> Response {
        var response = Reply.json(bytes, isStored: true, headers: [.cacheControl: "public, max-age=\(max(0, Int(seconds)))"])
        response.headers[.contentType] = type
        return response
    }
}
