import Glibc
import NIOCore
import NIOPosix
import Web

/// Asks the system's resolver, on threads of its own: it blocks.
package enum OutboundNames {
    /// Addresses looked at for one name.
    static let addressesMax = 16

    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    /// - Returns: the addresses of a name, in the order in which the system would try them.
    /// - Throws: `OutboundError.unknownName`.
    @Sendable package static func resolve(_ host: String) async throws -> [AddressNumber] {
        try await pool.runIfActive { try lookUp(host) }
    }

    private static func lookUp(_ host: String) throws -> [AddressNumber] {
        var hints = addrinfo()
        hints.ai_flags = AI_ADDRCONFIG
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0, let first else { throw OutboundError.unknownName }
        defer { freeaddrinfo(first) }
        var found: [AddressNumber] = []
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let entry = next, found.count < addressesMax {
            if let number = number(entry.pointee), !found.contains(number) { found.append(number) }
            next = entry.pointee.ai_next
        }
        guard !found.isEmpty else { throw OutboundError.unknownName }
        return found
    }

    private static func number(_ entry: addrinfo) -> AddressNumber? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return AddressNumber(parsing: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
