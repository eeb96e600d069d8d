/// Why a presented certificate proves nothing. For the audit log; callers learn only that it does not.
package enum CertificateRefusal: String, Error, Sendable, CaseIterable {
    /// No X.509 certificate, with something behind it, or too much of it.
    case malformed
    case expired
    case notYetValid = "not_yet_valid"
    /// No chain leads to an authority that this server trusts.
    case unknownAuthority = "unknown_authority"
    /// A chain that breaks a rule of RFC 5280: no CA where one must be, too long a path, a name out of bounds.
    case brokenChain = "broken_chain"
    /// Not for clients: extended key usage, key usage, or an authority's own certificate.
    case wrongPurpose = "wrong_purpose"
    case revoked
    /// RSA below 2048 bits, a curve below 256, or a signature with SHA-1 or MD5.
    case weakKey = "weak_key"
    /// The authority's revocation list is out of date, so nobody knows.
    case crlExpired = "crl_expired"
    /// The authority's revocation list can't be used: wrong signature, not yet valid, unknown extension.
    case crlUnusable = "crl_unusable"
    /// A good certificate, but not of this client.
    case wrongSubject = "wrong_subject"
    /// Of an authority that we trust, but that may not vouch for this client.
    case wrongAuthority = "wrong_authority"
    /// A good certificate that belongs to no client, or to several.
    case unknownOwner = "unknown_owner"
    /// None was presented where one is needed.
    case missing
}
