/// What came of removing an identity from an account.
package enum FederationUnlinking: Sendable, Equatable {
    case unlinked
    /// The person has no such identity.
    case unknown
    /// Without it nobody could sign in to the account any more; nothing was changed.
    case lastWayToSignIn
}
