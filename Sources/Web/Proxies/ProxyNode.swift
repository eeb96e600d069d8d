/// How proxies write an address: with or without a port, IPv6 in brackets or bare.
enum ProxyNode {
    private static let bytesMax = 64

    /// An element of `X-Forwarded-For`, which no standard describes: the address, and with some proxies a port.
    /// - Returns: nil unless it is an address.
    static func address(forwardedFor element: ArraySlice<UInt8>) -> AddressNumber? {
        guard element.count <= bytesMax else { return nil }
        return address(String(decoding: element, as: UTF8.self))
    }

    /// The `for` of an element of `Forwarded` (RFC 7239 §6).
    /// - Returns: nil where there is none, more than one, `unknown`, or a name in place of an address.
    static func address(forwarded element: ArraySlice<UInt8>) -> AddressNumber? {
        guard element.count <= 1_024, let node = ProxyElements.pairs(element)?["for"], node.count <= bytesMax else { return nil }
        return address(String(decoding: node, as: UTF8.self))
    }

    private static func address(_ text: String) -> AddressNumber? {
        if text.first == "[" {
            let parts = text.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].contains(":"), isPort(parts[1]) else { return nil }
            return AddressNumber(parsing: String(parts[0]))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard isPort(text.dropFirst(parts[0].count)) else { return nil }
            return AddressNumber(parsing: String(parts[0]))
        }
        return AddressNumber(parsing: text)
    }

    /// Nothing, or a colon and a port: a number, or a name of the proxy's own (RFC 7239 §6.3).
    private static func isPort(_ text: Substring) -> Bool {
        guard let first = text.first else { return true }
        let port = text.dropFirst().utf8
        guard first == ":", let start = port.first else { return false }
        let isName = start == UInt8(ascii: "_")
        return port.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                isName
            default: false
            }
        }
    }
}
