import Crypto
import FoundationEssentials
import OAuthProtocol
import Runtime
import Synchronization

/// Makes the proofs that go with this service's own tokens (RFC 9449 §4.2), and remembers the nonces that servers want in them (§8, §9).
final class TokenProver: Sendable {
    private static let originsMax = 256
    private static let nonceField = "dpop-nonce"
    private static let nonceWanted = "use_dpop_nonce"

    private let key: GatehouseProofKey
    private let randomness: any Randomness
    /// The last of each origin: "the client SHOULD use the nonce of the most recent response" (§8.2).
    private let nonces = Mutex<[String: String]>([:])

    init(_ key: GatehouseProofKey, randomness: any Randomness) {
        self.key = key
        self.randomness = randomness
    }

    /// - Parameters:
    ///   - uri: the address as the server knows it; query and fragment are left out (§4.2).
    ///   - token: the one that the request shows; nil where it asks for one.
    /// - Throws: ``GatehouseError/misconfigured(_:)`` for anything but an http or https address.
    func proof(_ method: String, _ uri: String, token: String?, now: Date) throws(GatehouseError) -> String {
        guard let origin = Self.origin(uri), !method.isEmpty else { throw .misconfigured("a proof is for one method and web address") }
        let nonce = nonces.withLock { $0[origin] }
        var json = JSONWriter()
        json.object { json in
            json.field("jti", Base64URL.encode(randomness.bytes(16)))
            json.field("htm", method)
            json.field("htu", String(uri.prefix { $0 != "?" && $0 != "#" }))
            json.field("iat", now.numericDate)
            json.field("ath", ifPresent: token.map { Base64URL.encode(SHA256.hash(data: Array($0.utf8))) })
            json.field("nonce", ifPresent: nonce)
        }
        return try key.sign(json.bytes)
    }

    /// Remembers the nonce of an answer.
    /// - Parameters:
    ///   - uri: as the request's proof named it.
    ///   - error: what the body of a token endpoint's answer says (RFC 6749 §5.2).
    /// - Returns: whether the request was refused for want of that nonce, and so is to be sent once more.
    func heed(_ status: Int, _ fields: [GatehouseMessage.Field], error: String? = nil, from uri: String) -> Bool {
        let values = fields.filter { $0.name.lowercased() == Self.nonceField }.map(\.value)
        guard let nonce = values.first, values.count == 1, Self.isNonce(nonce), let origin = Self.origin(uri) else { return false }
        nonces.withLock { nonces in
            if nonces.count >= Self.originsMax, nonces[origin] == nil { nonces.removeAll() }
            nonces[origin] = nonce
        }
        switch status {
        case 400: return error == Self.nonceWanted
        case 401: return error == Self.nonceWanted || fields.contains(where: Self.isDemand)
        default: return false
        }
    }

    /// §9: `WWW-Authenticate: DPoP error="use_dpop_nonce"`. One of a list that says so is enough: at worst a request goes out twice.
    private static func isDemand(_ field: GatehouseMessage.Field) -> Bool {
        guard field.name.lowercased() == "www-authenticate" else { return false }
        let value = field.value.lowercased()
        return value.contains("dpop") && value.contains(nonceWanted)
    }

    /// §8.1: NQCHAR; bounded, since it goes into every proof.
    private static func isNonce(_ text: String) -> Bool {
        (1...DPoPProof.nonceBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static func origin(_ uri: String) -> String? {
        guard let parsed = try? AbsoluteURI(parsing: uri, bytesMax: DPoPTarget.addressBytesMax), !parsed.hasUserInfo else { return nil }
        return parsed.origin
    }
}
