import FoundationEssentials
import Guard
import OAuthProtocol

/// Slows guessing of passwords, by account and by address (OWASP ASVS 5.0 §6.3.1).
package struct SignInLimits: Sendable {
    private let byAccount: AttemptLimiter
    private let byAddress: AttemptLimiter

    package init(perAccount: AttemptLimit, perAddress: AttemptLimit) {
        byAccount = AttemptLimiter(limit: perAccount)
        byAddress = AttemptLimiter(limit: perAddress)
    }

    /// - Throws: `too_many_requests` with the time to wait. Whether the account exists makes no difference.
    func take(login: String, address: String, now: Date) throws(OAuthError) {
        // The address first: one address can't use up another person's attempts beyond its own allowance.
        if let wait = byAddress.take(address, now: now) ?? byAccount.take(login.lowercased(), now: now) {
            throw .tooManyRequests("Too many attempts. Try again later.", retryAfter: wait)
        }
    }

    /// The attempt was no guess.
    func giveBack(login: String, address: String) {
        byAddress.giveBack(address)
        byAccount.giveBack(login.lowercased())
    }
}
