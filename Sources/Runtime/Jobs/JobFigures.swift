/// What a job has done so far.
package struct JobFigures: Sendable, Equatable {
    package let name: String
    package var runCount = 0
    package var failureCount = 0
    /// Turns that another node had taken.
    package var skipCount = 0
    /// Seconds since 1970; nil before the first run that went well.
    package var lastSuccessAt: Int?
    /// What all runs took together, in seconds.
    package var durationSum: Double = 0
}

/// Counts for a fixed list of jobs.
package final class JobTally: Sendable {
    private static let stride = 5
    private let names: [String]
    private let cells: MetricCells

    package init(_ jobs: [Job]) {
        names = jobs.map(\.name)
        cells = MetricCells(count: jobs.count * Self.stride)
    }

    enum Outcome: Int {
        case run, failure, skip
    }

    func note(_ index: Int, _ outcome: Outcome, nanoseconds: Int, at second: Int) {
        cells.add(at: index * Self.stride + outcome.rawValue)
        cells.add(nanoseconds, at: index * Self.stride + 3)
        if outcome == .run { cells.set(second, at: index * Self.stride + 4) }
    }

    package var figures: [JobFigures] {
        names.enumerated().map { index, name in
            func cell(_ place: Int) -> Int { cells[index * Self.stride + place] }
            return JobFigures(
                name: name, runCount: cell(0), failureCount: cell(1), skipCount: cell(2), lastSuccessAt: cell(0) == 0 ? nil : cell(4),
                durationSum: Double(cell(3)) * 1e-9)
        }
    }
}
