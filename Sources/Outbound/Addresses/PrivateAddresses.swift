import Web

/// Addresses that no server on the Internet answers at: of this machine, of the network around it, or of nobody. What they lead to is none
/// of a stranger's business (OWASP, Server-Side Request Forgery Prevention).
package enum PrivateAddresses {
    /// The special-purpose registries (RFC 6890) that aren't globally reachable, and what carries an IPv4 address inside:
    /// IPv4-mapped addresses are judged as IPv4 (``AddressNumber``), the translating prefixes are refused altogether.
    private static let networks = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        // Of 2000::/3; everything outside of it is refused already.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].compactMap(AddressNetwork.init(parsing:))

    /// All that has been given out for the Internet (https://www.iana.org/assignments/ipv6-address-space): the rest is nobody's yet, or
    /// somebody's own.
    private static let unicast = AddressNetwork(parsing: "2000::/3")

    package static func contains(_ address: AddressNumber) -> Bool {
        if !address.isIPv4, unicast?.contains(address) != true { return true }
        return networks.contains { $0.contains(address) }
    }
}
