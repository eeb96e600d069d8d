/// Why a certificate no longer holds (RFC 5280 §5.3.1).
package enum CertificateRevocationReason: String, Sendable, CaseIterable {
    case unspecified
    case keyCompromise = "key_compromise"
    case affiliationChanged = "affiliation_changed"
    case superseded
    case cessationOfOperation = "cessation_of_operation"
    case privilegeWithdrawn = "privilege_withdrawn"

    var code: Int {
        switch self {
        case .unspecified: 0
        case .keyCompromise: 1
        case .affiliationChanged: 3
        case .superseded: 4
        case .cessationOfOperation: 5
        case .privilegeWithdrawn: 9
        }
    }
}
