import OAuthProtocol

/// The path of a request target as rules see it: percent-decoded, and of one reading only.
///
/// What servers read in different ways – dot segments, empty segments, parameters (`;`), escaped slashes, backslashes,
/// NUL, an escaped percent sign – is refused rather than guessed: a rule must not see another path than the service behind it.
package struct ForwardAuthPath: Sendable, Equatable {
    static let targetBytesMax = 8_192

    /// Why a target has more than one reading.
    enum Flaw: Error {
        case target, escape, segment, character
    }

    /// Decoded; compared byte by byte, since Swift's `==` on texts holds some letters equal to others.
    let bytes: [UInt8]

    /// - Parameter requestTarget: path and query as sent.
    init(requestTarget: String) throws(Flaw) {
        let target = requestTarget.utf8
        // Origin form (RFC 9112 §3.2.1) only; a fragment never travels.
        guard target.first == UInt8(ascii: "/"), target.count <= Self.targetBytesMax,
            target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { throw .target }
        try self.init(encoded: Array(target.prefix { $0 != UInt8(ascii: "?") }))
    }

    private init(encoded: [UInt8]) throws(Flaw) {
        let decoded = try Self.decode(encoded)
        if decoded.count != encoded.count, String(validating: decoded, as: UTF8.self) == nil { throw .escape }
        try Self.checkSegments(decoded)
        bytes = decoded
    }

    private static func decode(_ encoded: [UInt8]) throws(Flaw) -> [UInt8] {
        guard encoded.contains(UInt8(ascii: "%")) else {
            guard encoded.allSatisfy(isPathCharacter) else { throw .character }
            return encoded
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(encoded.count)
        var index = 0
        while index < encoded.count {
            let byte = encoded[index]
            guard byte == UInt8(ascii: "%") else {
                guard isPathCharacter(byte) else { throw .character }
                decoded.append(byte)
                index += 1
                continue
            }
            guard index + 2 < encoded.count, let high = FormEncoding.hexValue(encoded[index + 1]),
                let low = FormEncoding.hexValue(encoded[index + 2])
            else { throw .escape }
            let value = high << 4 | low
            // An escaped percent sign would be an escape to whoever decodes twice.
            guard value >= 0x20, value != 0x7F, !"/\\;%?#".utf8.contains(value) else { throw .escape }
            decoded.append(value)
            index += 3
        }
        return decoded
    }

    private static func checkSegments(_ path: [UInt8]) throws(Flaw) {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        var start = 1
        for index in 1...max(1, path.count) where index >= path.count || path[index] == slash {
            let length = index - start
            // The last segment alone may be empty: `/api/`.
            if length <= 0, index < path.count { throw .segment }
            if (1...2).contains(length), path[start..<index].allSatisfy({ $0 == dot }) { throw .segment }
            start = index + 1
        }
    }

    /// `pchar` of RFC 3986 §3.3 without `%` and `;`, and the slash.
    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/")...UInt8(ascii: ":"),
            UInt8(ascii: "&")...UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "!"),
            UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "@"):
            true
        default: false
        }
    }
}
