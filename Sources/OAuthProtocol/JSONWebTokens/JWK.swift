import Crypto

/// A public key as JSON (RFC 7517), of the kinds that we verify with.
package struct JWK: Sendable, Equatable {
    package enum Material: Sendable, Equatable {
        /// The coordinates of a point on P-256, 32 bytes each (RFC 7518 §6.2.1).
        case p256(x: [UInt8], y: [UInt8])
        /// Modulus and exponent, big-endian without leading zeros (RFC 7518 §6.3.1).
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// A point on Ed25519, 32 bytes (RFC 8037 §2).
        case ed25519([UInt8])
    }

    package let material: Material
    package let keyID: String?
    /// The algorithm that the key is for, where it is said.
    package let algorithm: String?
    /// `sig` or `enc`, where it is said.
    package let use: String?

    package init(_ material: Material, keyID: String? = nil, algorithm: String? = nil, use: String? = "sig") {
        self.material = material
        self.keyID = keyID
        self.algorithm = algorithm
        self.use = use
    }

    /// Reads one key. Unknown members are ignored (RFC 7517 §4).
    /// - Throws: `unsuitableKey` for other kinds, private keys, and sizes outside 2048 to 8192 bits.
    package init(parsing json: JSONValue) throws(JWTRefusal) {
        // Whoever publishes a private key here has made a mistake that must not go unnoticed.
        guard let members = json.object, members["d"] == nil, members["k"] == nil else { throw .unsuitableKey }
        keyID = members["kid"]?.string
        algorithm = members["alg"]?.string
        use = members["use"]?.string
        guard (keyID?.utf8.count ?? 0) <= JWSHeader.keyIDBytesMax else { throw .unsuitableKey }
        switch members["kty"]?.string {
        case "EC":
            guard members["crv"]?.string == "P-256", let x = Self.bytes(members["x"]), let y = Self.bytes(members["y"]), x.count == 32,
                y.count == 32
            else { throw .unsuitableKey }
            material = .p256(x: x, y: y)
        case "RSA":
            guard let modulus = Self.bytes(members["n"]), let exponent = Self.bytes(members["e"]), Self.isSound(modulus, exponent) else {
                throw .unsuitableKey
            }
            material = .rsa(modulus: modulus, exponent: exponent)
        case "OKP":
            guard members["crv"]?.string == "Ed25519", let x = Self.bytes(members["x"]), x.count == 32 else { throw .unsuitableKey }
            material = .ed25519(x)
        default:
            throw .unsuitableKey
        }
    }

    /// The one algorithm that we use such a key for. With RSA there are two, and it is the key that says which: never the token, or a
    /// signature of one kind could be taken for the other's (RFC 8725 §3.1).
    package var verificationAlgorithm: String {
        switch material {
        case .p256: "ES256"
        case .rsa: algorithm == "PS256" ? "PS256" : "RS256"
        case .ed25519: "EdDSA"
        }
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = requiredMembers.mapValues { .string($0) }
        members["kid"] = keyID.map { .string($0) }
        members["alg"] = algorithm.map { .string($0) }
        members["use"] = use.map { .string($0) }
        return .object(members)
    }

    /// The SHA-256 of the required members in order of their names, as base64url (RFC 7638 §3).
    package var thumbprint: String {
        var writer = JSONWriter(capacity: 600)
        writer.value(.object(requiredMembers.mapValues { .string($0) }))
        return Base64URL.encode(SHA256.hash(data: writer.bytes))
    }

    /// Those that the thumbprint covers (RFC 7638 §3.2).
    var requiredMembers: [String: String] {
        switch material {
        case .p256(let x, let y):
            ["kty": "EC", "crv": "P-256", "x": Base64URL.encode(x), "y": Base64URL.encode(y)]
        case .rsa(let modulus, let exponent):
            ["kty": "RSA", "n": Base64URL.encode(modulus), "e": Base64URL.encode(exponent)]
        case .ed25519(let x):
            ["kty": "OKP", "crv": "Ed25519", "x": Base64URL.encode(x)]
        }
    }

    private static func bytes(_ json: JSONValue?) -> [UInt8]? {
        json?.string.flatMap { Base64URL.decode($0) }
    }

    /// Bounds keep verification cheap: its cost grows with the square of the modulus and with the exponent.
    private static func isSound(_ modulus: [UInt8], _ exponent: [UInt8]) -> Bool {
        guard let top = modulus.first, top != 0, let low = modulus.last, low & 1 == 1 else { return false }
        let bits = modulus.count * 8 - top.leadingZeroBitCount
        guard (2_048...8_192).contains(bits) else { return false }
        guard (1...4).contains(exponent.count), exponent.first != 0, let odd = exponent.last, odd & 1 == 1 else { return false }
        return exponent != [1]
    }
}
