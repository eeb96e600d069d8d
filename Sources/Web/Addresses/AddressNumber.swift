import Glibc
import NIOCore

/// An IP address as a number, to be compared and masked. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address.
package struct AddressNumber: Sendable, Hashable, CustomStringConvertible {
    /// In host order; IPv4 in the lowest 32 bits.
    let value: UInt128
    package let isIPv4: Bool

    /// How many bits an address of this kind has.
    var bitCount: Int { isIPv4 ? 32 : 128 }

    private init(value: UInt128, isIPv4: Bool) {
        self.value = value
        self.isIPv4 = isIPv4
    }

    private init(sixteen bytes: some Sequence<UInt8>) {
        let value = bytes.reduce(UInt128(0)) { ($0 << 8) | UInt128($1) }
        let isMapped = value >> 32 == 0xFFFF
        self.init(value: isMapped ? value & 0xFFFF_FFFF : value, isIPv4: isMapped)
    }

    /// - Returns: nil unless the text is a whole numeric address, without brackets, port or zone.
    package init?(parsing text: String) {
        guard text.utf8.count < Int(INET6_ADDRSTRLEN), !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(value: UInt128(UInt32(bigEndian: four.s_addr)), isIPv4: true)
            return
        }
        var sixteen = in6_addr()
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        self = withUnsafeBytes(of: &sixteen) { Self(sixteen: $0) }
    }

    /// - Returns: nil for a socket that has no address, such as a unix socket.
    package init?(_ address: SocketAddress) {
        switch address {
        case .v4(let four):
            self.init(value: UInt128(UInt32(bigEndian: four.address.sin_addr.s_addr)), isIPv4: true)
        case .v6(let six):
            self = withUnsafeBytes(of: six.address.sin6_addr) { Self(sixteen: $0) }
        case .unixDomainSocket:
            return nil
        }
    }

    /// The address with every bit behind the prefix cleared.
    func masked(_ prefixLength: Int) -> AddressNumber {
        let host = bitCount - prefixLength
        guard host > 0 else { return self }
        return AddressNumber(value: host >= 128 ? 0 : (value >> UInt128(host)) << UInt128(host), isIPv4: isIPv4)
    }

    /// An IPv4 address as four decimal numbers, short enough to be kept without an allocation.
    private var dotted: String {
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            for shift in stride(from: 24, through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: value >> UInt128(shift))
                if shift < 24 { (text[count], count) = (UInt8(ascii: "."), count + 1) }
                if byte >= 100 { (text[count], count) = (UInt8(ascii: "0") + byte / 100, count + 1) }
                if byte >= 10 { (text[count], count) = (UInt8(ascii: "0") + byte / 10 % 10, count + 1) }
                (text[count], count) = (UInt8(ascii: "0") + byte % 10, count + 1)
            }
            return count
        }
    }

    package var description: String {
        if isIPv4 {
            return dotted
        }
        var bytes = (0..<(bitCount / 8)).map { UInt8(truncatingIfNeeded: value >> UInt128(bitCount - 8 * ($0 + 1))) }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(AF_INET6, &bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension SocketAddress {
    /// The address without its port, in numbers; nil for a socket that has none.
    var numericText: String? {
        if case .v4 = self, let number = AddressNumber(self) { return number.description }
        return ipAddress
    }
}
