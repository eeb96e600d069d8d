import OAuthProtocol
import Runtime

/// A signing key in use: opened, checked and ready to sign or verify.
struct SigningKey: Sendable {
    /// As the JWKS shows it.
    let jwk: JWK
    let verificationKey: VerificationKey
    /// nil once the private half was erased.
    let signer: TokenSigner?

    /// Opens and checks a stored key.
    /// - Throws: `KeyRingError`.
    init(opening row: SigningKeyRow, masterKeys: MasterKeys) throws {
        let algorithm = row.life.algorithm
        let keyID = row.life.keyID
        let material: JWK.Material
        let privateKey: (any SigningPrivateKey)?
        do {
            if let sealed = row.sealedPrivateKey {
                let stored = try masterKeys.open(sealed, table: SigningKeyRow.table, column: "private_key", row: keyID)
                let opened = try algorithm.privateKeyType.init(stored: stored)
                (privateKey, material) = (opened, opened.publicKey)
            } else {
                let json = try masterKeys.open(row.sealedPublicKey, table: SigningKeyRow.table, column: "public_key", row: keyID)
                (privateKey, material) = (nil, try JWK(parsing: JSONValue(parsing: json)).material)
            }
            jwk = JWK(material, keyID: keyID, algorithm: algorithm.rawValue)
            verificationKey = try VerificationKey(jwk)
        } catch MasterKeyError.unknownKey(let masterKeyID) {
            throw KeyRingError.masterKeyMissing(masterKeyID: masterKeyID, signingKeyID: keyID)
        } catch {
            throw KeyRingError.altered(signingKeyID: keyID)
        }
        guard jwk.thumbprint == keyID else { throw KeyRingError.altered(signingKeyID: keyID) }
        signer = privateKey.map { TokenSigner(keyID: keyID, algorithm: algorithm, key: $0) }
    }
}

extension SigningKeyRow {
    /// A new key, sealed. Its id is its RFC 7638 thumbprint.
    init(
        sealing key: any SigningPrivateKey, life: (_ keyID: String) -> SigningKeyLife, masterKeys: MasterKeys,
        randomness: any Randomness
    ) throws {
        let jwk = JWK(key.publicKey, use: nil)
        let keyID = jwk.thumbprint
        self.life = life(keyID)
        sealedPrivateKey = try masterKeys.seal(
            key.stored, table: Self.table, column: "private_key", row: keyID, randomness: randomness)
        sealedPublicKey = try masterKeys.seal(
            jwk.json.encoded(), table: Self.table, column: "public_key", row: keyID, randomness: randomness)
    }

    /// The master keys that its halves are sealed under.
    var masterKeyIDs: [String] {
        [sealedPrivateKey, sealedPublicKey].compactMap { $0.flatMap(MasterKeys.keyID(of:)) }
    }
}
