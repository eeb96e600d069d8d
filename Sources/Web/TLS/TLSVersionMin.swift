/// The oldest version of TLS that a listener speaks.
package enum TLSVersionMin: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}
