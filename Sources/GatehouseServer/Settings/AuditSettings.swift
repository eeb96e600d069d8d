/// `audit`: how long events of record are kept.
package struct AuditSettings: Sendable {
    package var retention: Duration = .days(400)

    init(_ section: SettingsSection) {
        retention = section.read("retention", .duration(.days(1) ... .days(36_500)), default: retention)
    }
}
