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
    private static let purpose = "refresh token successor"

    private let masterKeys: MasterKeys
    /// Derived once: HKDF costs as much as a third of a signature.
    private let current: (keyID: String, key: SymmetricKey)

    init(masterKeys: MasterKeys) {
        self.masterKeys = masterKeys
        current = masterKeys.derive(label: Self.purpose)
    }

    /// - Parameter keyID: nil for the key in force.
    /// - Returns: the successor, and the id of the key that made it.
    /// - Throws: `MasterKeyError` when that key is no longer present.
    func derive(from presented: String, salt: [UInt8], keyID: String? = nil) throws -> (token: String, keyID: String) {
        let isCurrent = keyID == nil || keyID == current.keyID
        let (usedKeyID, key) = isCurrent ? current : try masterKeys.derive(label: Self.purpose, keyID: keyID)
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
