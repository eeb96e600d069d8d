/// Why a provider could not sign a person in, in the words of a closed list: pages say it, the audit log counts it.
package enum FederationNotice: String, Sendable, CaseIterable {
    /// Down, slow, or its answer made no sense: the other ways to sign in still work.
    case providerUnavailable = "provider_unavailable"
    /// What it answered could not be trusted: a wrong issuer, signature, nonce, …
    case providerUntrusted = "provider_untrusted"
    /// The person was to prove themselves anew, and the provider can't or didn't say that they have: another way does.
    case proofMissing = "proof_missing"
    /// Nothing went wrong: the person has been there in this sign-in, so nobody is sent there again without asking. Not shown.
    case providerTried = "provider_tried"
    /// The person said no there, or the provider did.
    case providerRefused = "provider_refused"
    /// Nobody here has this identity, and the settings let no new accounts come this way.
    case accountUnknown = "account_unknown"
    /// An account with the same e-mail address exists: prove it, and the identity is linked with it.
    case accountExists = "account_exists"
    /// As above, but the account can't be proven by a password: sign in as before, then link on the account page.
    case accountExistsElsewhere = "account_exists_elsewhere"
    /// The provider gave no e-mail address that it has verified, and the settings ask for one.
    case emailUnverified = "email_unverified"
    /// The account is disabled.
    case accountDisabled = "account_disabled"
    /// (Linking) The identity is another account's already.
    case identityTaken = "identity_taken"
}
