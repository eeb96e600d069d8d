import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// What a request shows of its sender besides a token: certificates, and proofs that were made for this request alone.
package struct SenderEvidence: Sendable {
    /// What the sender has proven to hold the key of: DER, its own first.
    package let certificates: [[UInt8]]
    /// The values of all `DPoP` fields.
    let proofs: [String]
    let target: DPoPTarget

    /// - Parameters:
    ///   - origins: scheme, host and port under which the request may have been sent.
    ///   - requestTarget: path and query, as sent.
    package init(method: String, origins: [String], requestTarget: String, headers: HTTPFields, certificates: [[UInt8]]) {
        self.certificates = certificates
        proofs = headers[values: .dpop]
        target = DPoPTarget(method: method, origins: origins, requestTarget: requestTarget)
    }

    /// Of a request to this server.
    init(_ request: Request, _ context: GatehouseContext, origins: [String]) {
        self.init(
            method: request.method.rawValue, origins: origins, requestTarget: request.uri.string, headers: request.headers,
            certificates: context.peerCertificates)
    }
}

extension SenderConstraint {
    /// Refuses a bound token in other hands, and one whose scheme is not that of its binding (RFC 8705 §3, RFC 9449 §7.2).
    /// - Returns: the key of which a proof is still to be checked.
    /// - Throws: `invalid_token`.
    static func require(
        _ constraint: SenderConstraint?, _ scheme: PresentedToken.Scheme, certificates: [[UInt8]]
    ) throws(OAuthError) -> JWKThumbprint? {
        switch (constraint, scheme) {
        case (nil, .bearer):
            return nil
        case (.certificate(let thumbprint), .bearer):
            guard let der = certificates.first else { throw .invalidToken(reason: "bound to a certificate, and none was presented") }
            guard CertificateThumbprint(of: der) == thumbprint else { throw .invalidToken(reason: "bound to another certificate") }
            return nil
        case (.key(let thumbprint), .dpop):
            return thumbprint
        case (.key, .bearer):
            throw .unboundToken(reason: "bound to a DPoP key, and shown as Bearer")
        case (nil, .dpop), (.certificate, .dpop):
            throw .unboundToken(reason: "shown as DPoP, and not bound to such a key")
        }
    }
}
