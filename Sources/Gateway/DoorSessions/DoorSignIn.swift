import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime
import Web

/// A sign-in at the door that is under way. Nothing is stored: where the person was going travels sealed in `state`, bound to the origin
/// and to the browser's own cookie; the code verifier and the nonce are derived from both, so that `state` alone is worth nothing.
struct DoorSignIn {
    static let lifetime: Duration = .minutes(15)
    static let returnBytesMax = 2_048
    private static let table = "door_sign_ins"

    /// A path and query of the same origin.
    let returnTarget: String
    let codeVerifier: String
    let nonce: String
    let state: String

    var codeChallenge: String { Base64URL.encode(SHA256.hash(data: Array(codeVerifier.utf8))) }

    /// Begins one.
    static func begin(
        returnTarget: String, origin: String, browser: BrowserBinding, masterKeys: MasterKeys, randomness: any Randomness, now: Date
    ) throws -> DoorSignIn {
        let id = Base64URL.encode(randomness.bytes(16))
        var json = JSONWriter()
        json.object { json in
            json.field("id", id)
            json.field("browser", Base64URL.encode(browser.hash.bytes))
            json.field("expires_at", (now + lifetime).numericDate)
            json.field("return", returnTarget)
        }
        let sealed = try masterKeys.seal(json.bytes, table: table, column: "state", row: origin, randomness: randomness)
        let key = masterKeys.derive(label: table)
        return DoorSignIn(
            returnTarget: returnTarget, codeVerifier: derived("verifier", id, browser.value, key.key),
            nonce: derived("nonce", id, browser.value, key.key), state: Base64URL.encode(sealed))
    }

    /// Reads what came back.
    /// - Parameter browser: nil where the browser sent no cookie of ours.
    /// - Throws: `forbidden` for a state that was altered, is too old, or was begun in another browser or at another origin.
    static func resume(
        state: String, origin: String, browser: BrowserBinding?, masterKeys: MasterKeys, now: Date
    ) throws(OAuthError) -> DoorSignIn {
        guard let sealed = Base64URL.decode(state), let keyID = MasterKeys.keyID(of: sealed),
            let opened = try? masterKeys.open(sealed, table: table, column: "state", row: origin),
            let json = try? JSONValue(parsing: opened),
            let id = json["id"]?.string, let expiresAt = json["expires_at"]?.int, let returnTarget = json["return"]?.string,
            let owner = json["browser"]?.string.flatMap({ Base64URL.decode($0) }).flatMap(TokenHash.init(stored:)),
            let key = try? masterKeys.derive(label: table, keyID: keyID)
        else { throw refusal("the state is not ours, or another origin's") }
        guard now.numericDate < expiresAt else { throw refusal("the state is too old") }
        // Somebody else's answer, planted on this browser, would sign the person in as somebody else (RFC 6749 §10.12).
        guard let value = browser?.values.first(where: { TokenHash(of: $0) == owner }) else { throw refusal("begun in another browser") }
        return DoorSignIn(
            returnTarget: Self.returnTarget(returnTarget), codeVerifier: derived("verifier", id, value, key.key),
            nonce: derived("nonce", id, value, key.key), state: state)
    }

    /// Where a browser may be sent back to: a path of the same origin that no browser reads as another host; else the root.
    static func returnTarget(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(returnBytesMax + 1))
        let isVisible = bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }
        guard bytes.count <= returnBytesMax, bytes.first == UInt8(ascii: "/"), bytes.count == 1 || bytes[1] != UInt8(ascii: "/"), isVisible,
            // Coming back to sign in again would never end, and to sign out is nobody's way.
            !text.utf8.starts(with: DoorSignInPage.pathPrefix.utf8)
        else { return "/" }
        return text
    }

    private static func derived(_ purpose: String, _ id: String, _ browser: String, _ key: SymmetricKey) -> String {
        var hmac = HMAC<SHA256>(key: key)
        hmac.update(data: Array("\(purpose):\(id):\(browser)".utf8))
        return Base64URL.encode(hmac.finalize())
    }

    private static func refusal(_ reason: String) -> OAuthError {
        .forbidden("This sign-in has expired, or was not begun in this browser.", reason: reason)
    }
}
