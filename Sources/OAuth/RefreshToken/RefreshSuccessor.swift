import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// Makes the refresh token that follows another: HMAC-SHA256(key, label ‖ salt ‖ presented token).
///
/// Whoever presents the same token within the grace window is given the same successor, without the server storing it:
/// only the salt and the key's id are kept, and both are erased after the window.
struct RefreshSuccessor: Sendable {
    static let saltByteCount = 32
    private static let label = Array("gatehouse refresh token successor v1".utf8)

    private let masterKeys: MasterKeys

    init(masterKeys: MasterKeys) {
        self.masterKeys = masterKeys
    }

    /// - Parameter keyID: nil for the key in force.
    /// - Returns: the successor, and the id of the key that made it.
    /// - Throws: `MasterKeyError` when that key is no longer present.
    func derive(from presented: String, salt: [UInt8], keyID: String? = nil) throws -> (token: String, keyID: String) {
        let (usedKeyID, key) = try masterKeys.derive(label: "refresh token successor", keyID: keyID)
        var code = HMAC<SHA256>(key: key)
        code.update(data: Self.label)
        code.update(data: salt)
        code.update(data: Array(presented.utf8))
        return (RefreshToken.prefix + Base64URL.encode(code.finalize()), usedKeyID)
    }
}

/// The outer form of refresh tokens.
enum RefreshToken {
    /// So that secret scanners and people can tell what they have found.
    static let prefix = "gh_rt_"
}
