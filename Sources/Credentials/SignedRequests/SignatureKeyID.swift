import OAuthProtocol
import Runtime

/// The `keyid` of our signature keys: `sig_` and 16 letters and digits. Not secret.
package enum SignatureKeyID {
    static let prefix = "sig_"

    static func generate(randomness: any Randomness) -> String {
        prefix + APIKeyText(kind: .live, next: randomness.byteByByte()).keyID
    }

    /// Whether it could name a key of ours: what could not is never looked up.
    package static func isOurs(_ text: String) -> Bool {
        text.utf8.count == prefix.utf8.count + APIKeyText.keyIDLength && text.hasPrefix(prefix)
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: false
                }
            }
    }
}
