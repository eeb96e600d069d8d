/// Whether a node can serve, and what is missing when it can't.
package struct HealthVerdict: Sendable, Equatable {
    package enum Part: String, Sendable, CaseIterable {
        case database
        case migrations
        case keys
        /// It has been told to stop: who is connected is served to the end, and nobody new should come.
        case serving
    }

    /// In words of a closed list: the log says more.
    private var problems: [Part: String] = [:]

    package var isReady: Bool { problems.isEmpty }

    package subscript(part: Part) -> String? {
        get { problems[part] }
        set { problems[part] = newValue }
    }
}
