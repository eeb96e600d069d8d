import Glibc

/// A range of IP addresses in CIDR notation (RFC 4632, RFC 4291 §2.3): `192.0.2.0/24`, `2001:db8::/32`, or one address alone.
package struct AddressNetwork: Sendable, Hashable, CustomStringConvertible {
    private let address: [UInt8]
    private let prefixLength: Int

    /// - Returns: nil unless the text is an address with an optional prefix length, and no bit behind the prefix is set.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = Self.bytes(of: String(first)) else { return nil }
        var prefixLength = address.count * 8
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let given = Int(parts[1]),
                given <= prefixLength
            else { return nil }
            prefixLength = given
        }
        self.address = address
        self.prefixLength = prefixLength
        guard Self.masked(address, prefixLength) == address else { return nil }
    }

    /// Whether an address, as a socket tells it, is in the range. An IPv4 address mapped into IPv6 counts as IPv4.
    package func contains(_ text: String) -> Bool {
        guard let other = Self.bytes(of: text), other.count == address.count else { return false }
        return Self.masked(other, prefixLength) == address
    }

    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = address.count == 4 ? AF_INET : AF_INET6
        _ = address.withUnsafeBytes { inet_ntop(family, $0.baseAddress, &buffer, socklen_t(buffer.count)) }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(text)/\(prefixLength)"
    }

    private static func masked(_ address: [UInt8], _ prefixLength: Int) -> [UInt8] {
        address.enumerated().map { index, byte in
            let bits = min(8, max(0, prefixLength - index * 8))
            return bits == 0 ? 0 : byte & (0xFF << UInt8(8 - bits))
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        guard text.utf8.count < Int(INET6_ADDRSTRLEN), !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &sixteen) { Array($0) }
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes.suffix(4)) : bytes
    }
}
