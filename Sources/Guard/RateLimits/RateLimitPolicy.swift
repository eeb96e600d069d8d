/// One rule of what may be done how often; whose allowance it is, is the key's business.
package struct RateLimitPolicy: Sendable {
    /// As it stands in the `RateLimit` fields and in the audit log: lower-case letters and hyphens.
    package let name: String
    /// Of keys that bring none of their own.
    package let limit: AttemptLimit
    /// Whether guessing is at stake: a node that doesn't know yet what a key has spent elsewhere then begins with its
    /// part of the burst only, instead of all of it, and every attempt is told to the other nodes.
    package let isCautious: Bool

    package init(_ name: StaticString, _ limit: AttemptLimit, isCautious: Bool = false) {
        self.name = "\(name)"
        self.limit = limit
        self.isCautious = isCautious
    }
}
