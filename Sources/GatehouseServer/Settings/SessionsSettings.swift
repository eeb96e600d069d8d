/// `sessions`: how long a sign-in lasts in a browser.
package struct SessionsSettings: Sendable {
    /// Without a request for this long a session ends: a working day (ASVS 5.0 §7.3.1).
    package var idle: Duration = .hours(8)
    /// A session ends after this long, however busy (ASVS 5.0 §7.3.2).
    package var absolute: Duration = .hours(24)
    /// The oldest session ends when a user signs in once more than this (ASVS 5.0 §7.1.2).
    package var perUserMax = 20

    init(_ section: SettingsSection) {
        idle = section.read("idle", .duration(.minutes(1) ... .days(90)), default: idle)
        absolute = section.read("absolute", .duration(.minutes(1) ... .days(365)), default: absolute)
        perUserMax = section.read("per_user_max", .int(1...1_000), default: perUserMax)
        if idle > absolute { section.refuse("idle", "must not be longer than sessions.absolute") }
    }
}
