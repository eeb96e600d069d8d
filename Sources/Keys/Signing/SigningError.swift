/// Why a key could not be made, read or used. Every case is a defect of ours or of the stored row, never of the caller's input.
package enum SigningError: Error, Sendable, Equatable, CustomStringConvertible {
    /// libcrypto refused; `step` says where.
    case libcrypto(step: String)
    /// Stored key material is not what its algorithm needs.
    case malformedKey(SigningAlgorithm)
    /// The ring holds no key that may sign: it was not loaded yet.
    case noSigner(SigningAlgorithm)

    package var description: String {
        switch self {
        case .libcrypto(let step): "libcrypto failed to \(step)"
        case .malformedKey(let algorithm): "a stored \(algorithm.rawValue) key is malformed"
        case .noSigner(let algorithm): "no \(algorithm.rawValue) key may sign yet"
        }
    }
}
