import OAuthProtocol

/// What a proxy hands on of the certificate that it saw: DER, the client's own first.
///
/// Each reading returns nil when the field is malformed or too large, and an empty list when it says that there was no certificate.
enum ProxyCertificate {
    static let bytesMax = 16_384
    static let chainMax = 8

    private static let base64Max = (bytesMax + 2) / 3 * 4

    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440 §2).
    static func read(clientCert: [String], chain: [String]) -> [[UInt8]]? {
        // A second line would make it no item any more.
        guard clientCert.count <= 1, let field = clientCert.first else { return clientCert.isEmpty && chain.isEmpty ? [] : nil }
        guard let leaf = (try? StructuredItem(parsing: field.utf8, limits: limits))?.value.bytes else { return nil }
        var certificates = [leaf]
        if !chain.isEmpty {
            guard let list = try? StructuredList(parsing: chain.joined(separator: ", ").utf8, limits: limits) else { return nil }
            for member in list.members {
                guard let certificate = member.item?.value.bytes else { return nil }
                certificates.append(certificate)
            }
        }
        return checked(certificates)
    }

    private static let limits = StructuredFieldLimits(bytesMax: chainMax * (base64Max + 16), membersMax: chainMax - 1)

    /// `X-Forwarded-Client-Cert` as Envoy writes it: the last element is the nearest proxy's. `Chain` holds the certificate too; where it
    /// is missing `Cert` stands alone. A hash or a name alone prove nothing that could be judged here.
    static func read(xfcc lines: [String]) -> [[UInt8]]? {
        var elements = ProxyElements(lines)
        guard let element = elements.next() else { return [] }
        guard let pairs = ProxyElements.pairs(element) else { return nil }
        var leaf: [[UInt8]] = []
        if let cert = pairs["cert"], !cert.isEmpty {
            guard let read = read(escaped: cert), read.count == 1 else { return nil }
            leaf = read
        }
        guard let text = pairs["chain"], !text.isEmpty else { return leaf }
        guard let chain = read(escaped: text), !chain.isEmpty, leaf.isEmpty || leaf[0] == chain[0] else { return nil }
        return chain
    }

    /// A certificate in PEM, percent-encoded, as nginx writes `$ssl_client_escaped_cert`. A client without one leaves it empty.
    static func read(escapedPEM lines: [String]) -> [[UInt8]]? {
        guard lines.count <= 1 else { return nil }
        guard let line = lines.first, !line.isEmpty else { return [] }
        return read(escaped: Array(line.utf8))
    }

    private static func read(escaped text: [UInt8]) -> [[UInt8]]? {
        guard let pem = unescaped(text), let certificates = certificates(pem: pem), !certificates.isEmpty else { return nil }
        return checked(certificates)
    }

    /// Percent-decoding (RFC 3986 §2.1). A plus sign is a plus sign: base64 is full of them.
    private static func unescaped(_ text: [UInt8]) -> [UInt8]? {
        guard text.count <= chainMax * (base64Max + 2_048) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%") {
                guard index + 2 < text.count, let high = hexValue(text[index + 1]), let low = hexValue(text[index + 2]) else { return nil }
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// RFC 7468 §5.1, and nothing around the certificates but white space.
    private static func certificates(pem: [UInt8]) -> [[UInt8]]? {
        let begin = Array("-----BEGIN CERTIFICATE-----".utf8)
        let end = Array("-----END CERTIFICATE-----".utf8)
        var certificates: [[UInt8]] = []
        var rest = pem[...].drop(while: isSpace)
        while !rest.isEmpty {
            guard certificates.count < chainMax, rest.starts(with: begin) else { return nil }
            rest = rest.dropFirst(begin.count)
            guard let dash = rest.firstIndex(of: UInt8(ascii: "-")), rest[dash...].starts(with: end) else { return nil }
            guard let der = Base64.decode(utf8: rest[..<dash].filter { !isSpace($0) }) else { return nil }
            certificates.append(der)
            rest = rest[dash...].dropFirst(end.count).drop(while: isSpace)
        }
        return certificates
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func checked(_ certificates: [[UInt8]]) -> [[UInt8]]? {
        guard certificates.count <= chainMax, certificates.allSatisfy({ isSequence($0) }) else { return nil }
        return certificates
    }

    /// Whether the bytes are one DER sequence (X.690 §8.1), with nothing behind it: a thumbprint covers all bytes, a reader perhaps not.
    static func isSequence(_ der: [UInt8]) -> Bool {
        guard der.count <= bytesMax, der.count >= 2, der[0] == 0x30 else { return false }
        if der[1] < 0x80 { return der.count == 2 + Int(der[1]) }
        let count = Int(der[1] & 0x7F)
        guard (1...3).contains(count), der.count > 2 + count else { return false }
        return der.count == 2 + count + der[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
    }
}
