/// `[ userinfo "@" ] host [ ":" port ]` (RFC 3986 §3.2), narrowed to hosts that have one reading.
struct URIAuthority {
    let host: String
    let port: Int?
    let hasUserInfo: Bool

    init?(_ bytes: ArraySlice<UInt8>) {
        var hostAndPort = bytes
        // The last `@`: everything before it is user information, whatever it looks like.
        if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
            hasUserInfo = true
            hostAndPort = bytes[(at + 1)...]
        } else {
            hasUserInfo = false
        }

        let hostEnd: Int
        if hostAndPort.first == UInt8(ascii: "[") {
            guard let close = hostAndPort.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            guard Self.isIPv6(hostAndPort[(hostAndPort.startIndex + 1)..<close]) else { return nil }
            hostEnd = close + 1
        } else {
            hostEnd = hostAndPort.firstIndex(of: UInt8(ascii: ":")) ?? hostAndPort.endIndex
            guard Self.isName(hostAndPort[..<hostEnd]) else { return nil }
        }
        host = String(decoding: hostAndPort[..<hostEnd], as: UTF8.self).lowercased()

        guard hostEnd < hostAndPort.endIndex else {
            port = nil
            return
        }
        guard hostAndPort[hostEnd] == UInt8(ascii: ":"), let number = Self.port(hostAndPort[(hostEnd + 1)...]) else { return nil }
        port = number
    }

    private static func port(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(bytes.count), bytes.first != UInt8(ascii: "0"), bytes.allSatisfy(isDigit) else { return nil }
        guard let number = Int(String(decoding: bytes, as: UTF8.self)), number <= 65_535 else { return nil }
        return number
    }

    /// Labels of letters, digits, `-` and `_`. A name whose last label is a number is an IPv4 address to browsers
    /// (WHATWG URL §3.5), in any of many spellings: only the one of four decimal parts is accepted.
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (1...253).contains(bytes.count) else { return false }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.count) else { return false }
            guard label.allSatisfy({ isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }) else {
                return false
            }
        }
        guard let last = labels.last else { return false }
        let looksNumeric = last.allSatisfy(isDigit) || last.starts(with: "0x".utf8) || last.starts(with: "0X".utf8)
        return !looksNumeric || isIPv4(bytes)
    }

    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy(isDigit), part.count == 1 || part.first != UInt8(ascii: "0") else {
                    return false
                }
                return Int(String(decoding: part, as: UTF8.self)).map { $0 <= 255 } ?? false
            }
    }

    /// RFC 4291 §2.2: eight groups, one run of which may be `::`, the last two maybe as IPv4. No zone.
    private static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groupCount = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let groups = half.split(separator: ":", omittingEmptySubsequences: false)
            for (position, group) in groups.enumerated() {
                let isVeryLast = index == halves.count - 1 && position == groups.count - 1
                if isVeryLast, group.contains(".") {
                    guard isIPv4(Array(group.utf8)[...]) else { return false }
                    groupCount += 2
                } else {
                    guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ FormEncoding.hexValue($0) != nil }) else {
                        return false
                    }
                    groupCount += 1
                }
            }
        }
        return halves.count == 2 ? groupCount <= 7 : groupCount == 8
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
