/// Why a call to another server was not made, or brought nothing.
package enum OutboundError: Error, Sendable, Equatable {
    /// The address can't be read in one way only.
    case malformedAddress
    /// Not https, and the settings allow nothing else.
    case schemeNotAllowed
    /// It leads to this machine or the network around it, and the settings don't allow that.
    case privateAddress
    case unknownName
    case unreachable
    case tooLate
    case tooLarge
    /// It would lead elsewhere, where nobody has looked.
    case redirect
    /// Too many calls are under way.
    case busy

    /// Whether the address was refused, rather than the server silent.
    package var isRefusal: Bool {
        switch self {
        case .malformedAddress, .schemeNotAllowed, .privateAddress: true
        default: false
        }
    }
}
