/// Why a field is no structured field that we read.
package enum StructuredFieldError: Error, Sendable, Equatable {
    /// The grammar was broken at this byte.
    case malformed(at: Int)
    case tooLarge
    case tooManyMembers
    case tooManyItems
    case tooManyParameters
    /// RFC 9651 §4.2.2 lets the last of two members with one key win; readers that differ there can be played against each other.
    case duplicateKey(String)
    case duplicateParameter(String)
}
