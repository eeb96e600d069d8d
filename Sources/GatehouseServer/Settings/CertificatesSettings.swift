/// `certificates`: whose client certificates are trusted, beside those of the server's own authority.
package struct CertificatesSettings: Sendable {
    /// Files of authorities' certificates, PEM or DER; as written: relative to the working directory.
    package var authorities: [String] = []
    /// Files of their revocation lists; read again when they change.
    package var revocationLists: [String] = []

    init(_ section: SettingsSection) {
        authorities = section.scalars("authorities", .path, countMax: 100)
        revocationLists = section.scalars("revocation_lists", .path, countMax: 100)
        if authorities.isEmpty, !revocationLists.isEmpty {
            section.refuse("revocation_lists", "has no meaning without authorities: our own list is honoured anyway")
        }
    }
}
