/// A postal address (OpenID Connect Core §5.1.1).
package struct DeclaredAddress: Sendable, Equatable {
    package var formatted: String?
    package var streetAddress: String?
    package var locality: String?
    package var region: String?
    package var postalCode: String?
    package var country: String?

    /// nil when nothing is given.
    static func read(_ section: SettingsSection) -> DeclaredAddress? {
        let address = DeclaredAddress(
            formatted: section.find("formatted", .text(bytesMax: 1_000)),
            streetAddress: section.find("street_address", .text(bytesMax: 500)),
            locality: section.find("locality", .text()), region: section.find("region", .text()),
            postalCode: section.find("postal_code", .text(bytesMax: 40)), country: section.find("country", .text()))
        return address == DeclaredAddress() ? nil : address
    }
}
