import Glibc

/// What limits by address count as one sender: an IPv4 address, or the /64 of an IPv6 address, since whoever has one
/// address of a /64 has them all (RFC 6177 §2).
package enum AddressKey {
    /// - Parameter address: numeric, as a socket tells it. Anything else is its own key.
    package static func make(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        var sixteen = in6_addr()
        // A scope (`%eth0`) says which link, not who.
        guard inet_pton(AF_INET6, String(address.prefix { $0 != "%" }), &sixteen) == 1 else { return address }
        return withUnsafeBytes(of: &sixteen) { bytes in
            if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
                return bytes[12...].map(\.description).joined(separator: ".")
            }
            var text = ""
            for pair in stride(from: 0, to: 8, by: 2) {
                text += String(UInt16(bytes[pair]) << 8 | UInt16(bytes[pair + 1]), radix: 16) + ":"
            }
            return text + ":/64"
        }
    }
}

extension GatehouseContext {
    /// The sender as limits by address count it.
    package var limitKey: String { AddressKey.make(clientAddress) }
}
