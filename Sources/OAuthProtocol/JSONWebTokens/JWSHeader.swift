/// The protected header of a signed token (RFC 7515 §4), read before any key is touched.
package struct JWSHeader: Sendable, Equatable {
    package let algorithm: String
    /// As written; compare with `isType`.
    package let type: String?
    package let keyID: String?
    /// All members.
    package let json: JSONValue

    package static let bytesMax = 4_096
    package static let keyIDBytesMax = 256

    /// - Throws: `JWTRefusal` where the bytes aren't a header, or it holds what we must not skip over.
    package init(parsing bytes: [UInt8]) throws(JWTRefusal) {
        guard let json = try? JSONValue(parsing: bytes, bytesMax: Self.bytesMax, depthMax: 8), let members = json.object else {
            throw .malformed
        }
        // RFC 7515 §4.1.11: what `crit` names must be understood; we understand no extension.
        guard members["crit"] == nil else { throw .criticalExtension }
        // RFC 7797 §6: without `crit` a `b64` is invalid anyway.
        guard members["b64"] == nil else { throw .unencodedPayload }
        guard let algorithm = members["alg"]?.string, !algorithm.isEmpty else { throw .algorithmNotAllowed }
        self.algorithm = algorithm
        type = try Self.text(members["typ"], bytesMax: 64)
        keyID = try Self.text(members["kid"], bytesMax: Self.keyIDBytesMax)
        self.json = json
    }

    /// Whether `typ` is the media type `name`: letter case doesn't count, nor does a leading `application/` (RFC 7515 §4.1.9).
    package func isType(_ name: String) -> Bool {
        guard let type else { return false }
        return Self.mediaType(type) == Self.mediaType(name)
    }

    private static func mediaType(_ name: String) -> String {
        let lowered = name.lowercased()
        return lowered.hasPrefix("application/") ? String(lowered.dropFirst("application/".count)) : lowered
    }

    private static func text(_ json: JSONValue?, bytesMax: Int) throws(JWTRefusal) -> String? {
        guard let json else { return nil }
        guard let text = json.string, text.utf8.count <= bytesMax else { throw .malformed }
        return text
    }
}
