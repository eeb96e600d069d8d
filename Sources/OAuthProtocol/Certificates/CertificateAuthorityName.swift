/// An authority that may vouch for a client's certificate, named so that nothing else can take its place.
package enum CertificateAuthorityName: Sendable, Hashable, CustomStringConvertible {
    /// The server's own (`gatehouse certificates`).
    case local
    /// The one whose certificate has this SHA-256.
    case thumbprint(CertificateThumbprint)

    /// `local`, or 64 hexadecimal digits with or without colons between the bytes, as `openssl x509 -fingerprint -sha256` prints them.
    package init?(parsing text: String) {
        if text == "local" {
            self = .local
            return
        }
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 64, text.utf8.count == 64 || text.utf8.count == 95 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = FormEncoding.hexValue(digits[index]), let low = FormEncoding.hexValue(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        guard let thumbprint = CertificateThumbprint(stored: bytes) else { return nil }
        self = .thumbprint(thumbprint)
    }

    /// As it is stored: hexadecimal in lower case.
    package var description: String {
        switch self {
        case .local: return "local"
        case .thumbprint(let thumbprint):
            let digits = Array("0123456789abcdef".utf8)
            return String(decoding: thumbprint.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}
