import OAuthProtocol

/// Certificates, requests and lists in files: PEM (RFC 7468) or bare DER.
package enum CertificatePEM {
    /// The DER of every block with one of these labels; of the whole file where it is no text.
    /// - Returns: nil where a block can't be read.
    package static func decode(_ file: [UInt8], labels: Set<String>) -> [[UInt8]]? {
        // A DER sequence.
        if file.first == 0x30 { return [file] }
        var blocks: [[UInt8]] = []
        var open: (label: String, text: [UInt8])?
        for line in file.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = line.drop { $0 == 0x20 || $0 == 0x09 }
            if let label = label(line, begin: "-----BEGIN ") {
                guard open == nil else { return nil }
                open = (label, [])
            } else if let label = label(line, begin: "-----END ") {
                guard let block = open, block.label == label else { return nil }
                open = nil
                guard labels.contains(label) else { continue }
                guard let der = Base64.decode(utf8: block.text), !der.isEmpty else { return nil }
                blocks.append(der)
            } else if open != nil {
                open?.text.append(contentsOf: line.filter { $0 != 0x20 && $0 != 0x09 })
            }
        }
        return open == nil ? blocks : nil
    }

    package static func encode(_ der: [UInt8], label: String) -> String {
        let text = Array(Base64.encode(der).utf8)
        var lines = ["-----BEGIN \(label)-----"]
        for start in stride(from: 0, to: text.count, by: 64) {
            lines.append(String(decoding: text[start..<min(start + 64, text.count)], as: UTF8.self))
        }
        return (lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
    }

    private static func label(_ line: some Sequence<UInt8>, begin: String) -> String? {
        let text = String(decoding: Array(line), as: UTF8.self)
        guard text.hasPrefix(begin), let end = text.dropFirst(begin.count).firstRange(of: "-----") else { return nil }
        return String(text.dropFirst(begin.count)[..<end.lowerBound])
    }
}
