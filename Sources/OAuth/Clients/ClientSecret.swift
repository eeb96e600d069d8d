import Keys
import Runtime

/// Secrets that the server makes for clients: 256 bits, shown once, stored as SHA-256.
package enum ClientSecret {
    /// So that secret scanners and people can tell what they have found.
    static let prefix = "gh_cs_"

    package static func generate(randomness: any Randomness) -> OpaqueToken {
        OpaqueToken.generate(randomness: randomness, prefix: prefix)
    }
}
