/// A range of IP addresses in CIDR notation (RFC 4632, RFC 4291 §2.3): `192.0.2.0/24`, `2001:db8::/32`, or one address alone.
package struct AddressNetwork: Sendable, Hashable, CustomStringConvertible {
    private let address: AddressNumber
    private let prefixLength: Int

    /// - Returns: nil unless the text is an address with an optional prefix length, and no bit behind the prefix is set.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = AddressNumber(parsing: String(first)) else { return nil }
        var prefixLength = address.bitCount
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let given = Int(parts[1]),
                given <= prefixLength
            else { return nil }
            prefixLength = given
        }
        self.address = address
        self.prefixLength = prefixLength
        guard address.masked(prefixLength) == address else { return nil }
    }

    /// Whether an address, as a socket tells it, is in the range. An IPv4 address mapped into IPv6 counts as IPv4.
    package func contains(_ text: String) -> Bool {
        AddressNumber(parsing: text).map(contains) ?? false
    }

    package func contains(_ other: AddressNumber) -> Bool {
        other.isIPv4 == address.isIPv4 && other.masked(prefixLength) == address
    }

    package var description: String { "\(address)/\(prefixLength)" }
}
