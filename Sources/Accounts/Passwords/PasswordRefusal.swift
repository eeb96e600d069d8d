/// Why a new password is not accepted, with a sentence for the person who chose it.
package enum PasswordRefusal: Error, Sendable, Equatable {
    case tooShort(charactersMin: Int)
    case tooLong(bytesMax: Int)
    case common
    case namesAccount
    /// NUL, line breaks or other characters that some keyboards and forms can't reproduce.
    case controlCharacters

    package var message: String {
        switch self {
        case .tooShort(let charactersMin): "Please choose a password of at least \(charactersMin) characters."
        case .tooLong(let bytesMax): "This password is too long: up to \(bytesMax) bytes are possible."
        case .common: "This password is among the first that others would try. Please choose another one."
        case .namesAccount: "Your password must not be your user name or your e-mail address."
        case .controlCharacters: "A password can't contain control characters."
        }
    }
}
