import FoundationEssentials
import Guard
import OAuthProtocol
import Web

/// Slows guessing of passwords, by account and by address (OWASP ASVS 5.0 §6.3.1).
///
/// A browser in which the account has signed in before has an allowance of its own: strangers who use up the account's
/// leave its owner's alone (``DeviceCookies``).
package struct SignInLimits: Sendable {
    struct Attempt: Sendable {
        /// As typed, in lower case.
        let login: String
        let address: String
        /// The browser, where it is known to the account.
        let device: String?
    }

    private let byAccount: RateLimiter
    private let byDevice: RateLimiter
    private let byAddress: RateLimiter

    package init(_ limits: RateLimits) {
        byAccount = limits.signInPerAccount
        byDevice = limits.signInPerDevice
        byAddress = limits.signInPerAddress
    }

    /// - Throws: `too_many_requests` with the time to wait. Whether the account exists makes no difference.
    func take(_ attempt: Attempt, noting notes: RequestNotes, now: Date) throws(OAuthError) {
        // The address first: one address can't use up another person's attempts beyond its own allowance.
        try byAddress.require(attempt.address, noting: notes, now: now)
        do {
            // What is left to an account tells how many others try: it isn't told in the answer's fields.
            if let device = attempt.device {
                try byDevice.require(device, now: now)
            } else {
                try byAccount.require(attempt.login, now: now)
            }
        } catch {
            throw .tooManyRequests(
                "Too many attempts. Try again later.", reason: error.privateReason, retryAfter: error.retryAfter ?? .seconds(1))
        }
    }

    /// The attempt was no guess.
    func giveBack(_ attempt: Attempt) {
        byAddress.giveBack(attempt.address)
        if let device = attempt.device { byDevice.giveBack(device) } else { byAccount.giveBack(attempt.login) }
    }
}
