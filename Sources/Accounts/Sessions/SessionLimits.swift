import Runtime

/// How long sessions live (OWASP ASVS 5.0 §7.3) and how many a person may have.
package struct SessionLimits: Sendable {
    /// Without activity in the browser.
    package var idle: Duration
    /// In any case.
    package var absolute: Duration
    /// Beyond this many, a person's oldest session ends.
    package var countMax: Int
    /// Activity is recorded this often, not at every request.
    package var recordedEvery: Duration = .seconds(60)

    package init(idle: Duration = .hours(12), absolute: Duration = .days(14), countMax: Int = 20) {
        self.idle = idle
        self.absolute = absolute
        self.countMax = countMax
    }
}
