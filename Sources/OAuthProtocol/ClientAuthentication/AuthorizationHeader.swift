/// `auth-scheme 1*SP credentials` (RFC 9110 §11.6.2).
enum AuthorizationHeader {
    /// - Returns: the credentials where the scheme, whose letter case doesn't count, is `scheme`; nil for another scheme.
    static func credentials(_ field: String, scheme: String) -> Substring? {
        let bytes = field.utf8
        let schemeEnd = bytes.firstIndex(of: 0x20) ?? bytes.endIndex
        guard field[..<schemeEnd].utf8.elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 | 0x20 }) else { return nil }
        let start = bytes[schemeEnd...].firstIndex { $0 != 0x20 } ?? bytes.endIndex
        return field[start...]
    }
}
