/// The character classes of RFC 9651 §3 and of HTTP's tokens (RFC 9110 §5.6.2).
enum StructuredFieldSyntax {
    static func isKeyStart(_ byte: UInt8) -> Bool {
        isLowercase(byte) || byte == UInt8(ascii: "*")
    }

    static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"): true
        default: isLowercase(byte) || isDigit(byte)
        }
    }

    static func isTokenStart(_ byte: UInt8) -> Bool {
        isLowercase(byte) || isLowercase(byte | 0x20) || byte == UInt8(ascii: "*")
    }

    static func isToken(_ byte: UInt8) -> Bool {
        isTokenCharacter(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/")
    }

    /// `tchar`.
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: isDigit(byte) || isLowercase(byte | 0x20)
        }
    }

    static func isLowercase(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
