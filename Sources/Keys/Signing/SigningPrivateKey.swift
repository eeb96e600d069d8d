import OAuthProtocol

/// A private key of one algorithm. A new algorithm is a new folder with a type of this kind and a line in `SigningAlgorithm`.
///
/// Signing is called from many threads at once and must take no lock of ours.
protocol SigningPrivateKey: Sendable {
    /// A fresh key. Takes up to a second of CPU; the library draws the randomness itself.
    static func generate() throws -> Self

    /// Reads what `stored` gave.
    init(stored: [UInt8]) throws

    /// The private key in the form that is sealed and stored. Secret.
    var stored: [UInt8] { get throws }

    var publicKey: JWK.Material { get }

    /// The length of every signature of this key, in bytes.
    var signatureByteCount: Int { get }

    /// Signs as JWS asks (RFC 7518 §3) into `signature`, which has `signatureByteCount` bytes.
    func sign(_ message: UnsafeRawBufferPointer, into signature: UnsafeMutableRawBufferPointer) throws
}
