import Web

/// Addresses that no server on the Internet answers at: of this machine, of the network around it, or of nobody. What they lead to is none
/// of a stranger's business (OWASP, Server-Side Request Forgery Prevention).
package enum PrivateAddresses {
    /// The special-purpose registries (RFC 6890) that aren't globally reachable, and what carries an IPv4 address inside:
    /// IPv4-mapped addresses are judged as IPv4 (``AddressNumber``), the translating prefixes are refused altogether.
    private static let networks = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        // ::/96 holds ::, ::1 and the IPv4-compatible addresses.
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/9", "ff00::/8",
    ].compactMap(AddressNetwork.init(parsing:))

    package static func contains(_ address: AddressNumber) -> Bool {
        networks.contains { $0.contains(address) }
    }
}
