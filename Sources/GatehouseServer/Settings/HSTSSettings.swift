/// `hsts`: for how long browsers are to come by https only (RFC 6797). Sent under an https issuer alone.
package struct HSTSSettings: Sendable {
    package var maxAge: Duration = .days(365)
    package var includesSubdomains = false
    package var preload = false

    init(_ section: SettingsSection) {
        maxAge = section.read("max_age", .duration(.zero ... .days(3_650)), default: maxAge)
        includesSubdomains = section.read("include_subdomains", .bool, default: includesSubdomains)
        preload = section.read("preload", .bool, default: preload)
        if preload, !includesSubdomains || maxAge < .days(365) {
            section.refuse("preload", "needs include_subdomains: true and a max_age of at least 365d, or browsers refuse the entry")
        }
    }

    /// The header field's value. A `max_age` of 0 is sent: it takes back what browsers have been told (§6.1.1).
    package var policy: String {
        "max-age=\(maxAge.components.seconds)" + (includesSubdomains ? "; includeSubDomains" : "") + (preload ? "; preload" : "")
    }
}
