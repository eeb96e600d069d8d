/// `shutdown`: how a node that is told to stop leaves.
package struct ShutdownSettings: Sendable {
    /// For how long it goes on answering while it says that it is not ready, for balancers to see it.
    package var delay: Duration
    /// After so long in all, what is still under way is given up.
    package var timeMax: Duration = .seconds(30)

    init(_ section: SettingsSection, local: Bool) {
        delay = section.read("delay", .duration(.zero ... .minutes(5)), default: local ? .zero : .seconds(3))
        timeMax = section.read("time_max", .duration(.seconds(1) ... .minutes(10)), default: timeMax)
        if delay >= timeMax { section.refuse("delay", "must be shorter than shutdown.time_max") }
    }
}
