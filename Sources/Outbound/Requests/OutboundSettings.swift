import Runtime

/// What calls to other servers may do, and how much of it.
package struct OutboundSettings: Sendable, Equatable {
    /// Servers of this machine and of the network around it may be called: for local stacks, where a provider runs next door.
    package var allowsPrivate = false
    /// Plain http may be spoken.
    package var allowsHTTP = false
    /// For one call, names included.
    package var timeMax: Duration = .seconds(6)
    /// For one connection to be made.
    package var connectTimeMax: Duration = .seconds(3)
    /// Calls under way at once; more are refused, so that a slow provider can't hold everything that this server has.
    package var callsMax = 64
    /// To one host, so that a slow one leaves room for the others.
    package var callsPerHostMax = 16

    package init() {}
}
