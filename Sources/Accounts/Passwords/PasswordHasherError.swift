/// Why a password was not hashed or compared.
package enum PasswordHasherError: Error, Sendable, Equatable {
    /// As many callers wait as may: answer 503 with Retry-After.
    case queueFull
    /// Over 1,024 bytes of UTF-8.
    case passwordTooLong
    /// libargon2 refused: out of memory, most likely.
    case argon2(code: Int32)
    /// The server is stopping.
    case stopped
}
