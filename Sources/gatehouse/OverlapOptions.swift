import ArgumentParser
import Runtime

/// For how long what a rotation replaces works on.
struct OverlapOptions: ParsableArguments {
    @Option(name: .customLong("overlap-hours"), help: "For how long the old one works on.")
    var hours = 24

    var duration: Duration { .hours(hours) }

    func validate() throws {
        guard (0...720).contains(hours) else { throw ValidationError("the hours must be from 0 to 720") }
    }
}
