import FoundationEssentials
import Guard
import OAuthProtocol

/// Slows guessing of client secrets: wrong ones are counted by address, and by address and the client that is claimed.
///
/// Never by the client alone, or strangers could lock it out; and right secrets count nothing, so that busy clients aren't slowed.
package struct ClientGuesses: Sendable {
    private let byClient: RateLimiter
    private let byAddress: RateLimiter

    package init(_ limits: RateLimits) {
        byClient = limits.clientGuessesPerClient
        byAddress = limits.clientGuessesPerAddress
    }

    /// - Throws: `too_many_requests` when the guesses are used up: the secret isn't looked at any more.
    func judge(clientID: String, address: String?, now: Date) throws(OAuthError) {
        guard let address else { return }
        let verdict = byAddress.judge(address, now: now)
        guard verdict.isAllowed else { return try byAddress.pass(verdict) }
        let own = byClient.judge(Self.key(clientID, address), now: now)
        guard own.isAllowed else { return try byClient.pass(own) }
    }

    /// A wrong secret, or a client that doesn't exist: both count alike.
    func charge(clientID: String, address: String?, now: Date) {
        guard let address else { return }
        byAddress.charge(address, now: now)
        byClient.charge(Self.key(clientID, address), now: now)
    }

    /// An address has no space.
    private static func key(_ clientID: String, _ address: String) -> String { address + " " + clientID.prefix(256) }
}
