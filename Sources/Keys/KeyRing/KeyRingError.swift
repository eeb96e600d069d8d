/// Why the signing keys could not be loaded. Names keys by their ids only.
package enum KeyRingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The stored key is encrypted under a master key that this server was not given.
    case masterKeyMissing(masterKeyID: String, signingKeyID: String)
    /// The stored key can't be decrypted, or is not the key that its id names.
    case altered(signingKeyID: String)

    package var description: String {
        switch self {
        case .masterKeyMissing(let masterKeyID, let signingKeyID):
            "signing key \(signingKeyID) is encrypted under master key \"\(masterKeyID)\", which this server was not given"
        case .altered(let signingKeyID):
            "signing key \(signingKeyID) can't be decrypted: its row was altered, or the master key of that id is another one"
        }
    }
}
