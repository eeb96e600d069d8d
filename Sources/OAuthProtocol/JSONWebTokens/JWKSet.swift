/// A set of public keys (RFC 7517 §5), as a `jwks_uri` answers it.
package struct JWKSet: Sendable, Equatable {
    package let keys: [JWK]

    package static let keysMax = 100

    package init(_ keys: [JWK]) {
        self.keys = keys
    }

    /// Reads a set. Keys of kinds that we don't know, or for encryption, are left out, as §5 asks.
    /// - Throws: `malformed` where it is no set, or has more than a hundred keys.
    package init(parsing bytes: some Sequence<UInt8>, bytesMax: Int = 262_144) throws(JWTRefusal) {
        guard let json = try? JSONValue(parsing: bytes, bytesMax: bytesMax), let elements = json["keys"]?.array,
            elements.count <= Self.keysMax
        else { throw .malformed }
        keys = elements.compactMap { try? JWK(parsing: $0) }.filter { $0.use == nil || $0.use == "sig" }
    }

    /// The one key that a header means.
    /// - Throws: `unknownKey` where there is none, or several could be meant.
    package func require(for header: JWSHeader) throws(JWTRefusal) -> JWK {
        let candidates = keys.filter { key in
            key.verificationAlgorithm == header.algorithm && (key.algorithm == nil || key.algorithm == header.algorithm)
                && (header.keyID == nil || key.keyID == header.keyID)
        }
        guard candidates.count == 1, let key = candidates.first else { throw .unknownKey }
        return key
    }

    package var json: JSONValue {
        ["keys": .array(keys.map(\.json))]
    }
}
