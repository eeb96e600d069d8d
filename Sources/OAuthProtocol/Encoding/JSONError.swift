/// Why a text isn't the JSON that we accept. Carries no part of the text.
package enum JSONError: Error, Sendable, Equatable {
    case tooLarge
    case tooDeep
    case notUTF8
    /// Anything the grammar of RFC 8259 doesn't know, at a byte offset.
    case malformed(at: Int)
    case duplicateMember
    /// A number that a finite double can't hold.
    case numberOutOfRange
    /// `\u0000`, or half of a surrogate pair.
    case forbiddenCharacter
}
