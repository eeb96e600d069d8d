import FoundationEssentials
import HTTPTypes
import Runtime
import Synchronization
import Web

/// Counts every request by its endpoint, method, caller's kind and outcome, and how long it took.
///
/// The table is made once, for a closed list of endpoints: the routes' patterns, never a path that somebody sent. A request costs two
/// readings of the clock and five additions.
package final class MetricRequests: Sendable {
    /// Upper bounds of the buckets.
    static let bounds: [(nanoseconds: Int, text: StaticString)] = [
        (100_000, "0.0001"), (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"), (2_500_000, "0.0025"), (5_000_000, "0.005"),
        (10_000_000, "0.01"), (25_000_000, "0.025"), (50_000_000, "0.05"), (100_000_000, "0.1"), (250_000_000, "0.25"),
        (500_000_000, "0.5"), (1_000_000_000, "1"), (2_500_000_000, "2.5"), (10_000_000_000, "10"),
    ]
    /// Statuses that are told apart.
    static let outcomes = ["2xx", "3xx", "4xx", "429", "5xx", "503"]
    private static let methods = ["GET", "POST", "other"]
    private static let callers = RequestCaller.allCases
    private static let sumPlace = outcomes.count + bounds.count + 1
    /// Outcomes, buckets, the sum of nanoseconds, and room to whole cache lines.
    private static let stride = 24

    /// Where a request belongs that met no route.
    static let elsewhere = "other"

    private let endpoints: [String]
    private let numbers: [String: Int]
    private let cells: MetricCells
    private let underway = Atomic(0)

    /// - Parameter endpoints: patterns of routes.
    package init(endpoints: some Sequence<String>) {
        self.endpoints = [Self.elsewhere] + Set(endpoints).subtracting([Self.elsewhere]).sorted()
        numbers = Dictionary(uniqueKeysWithValues: self.endpoints.enumerated().map { ($1, $0) })
        cells = MetricCells(count: self.endpoints.count * Self.methods.count * Self.callers.count * Self.stride)
    }

    /// The endpoint's place in the table; that of ``elsewhere`` for one that is not in it.
    func number(of endpoint: String?) -> Int { endpoint.flatMap { numbers[$0] } ?? 0 }

    func name(of number: Int) -> String { endpoints[number] }

    func begin() { underway.wrappingAdd(1, ordering: .relaxed) }

    func end(_ number: Int, _ method: HTTPRequest.Method, _ caller: RequestCaller, _ status: Int, nanoseconds: Int) {
        underway.wrappingSubtract(1, ordering: .relaxed)
        let row = (number * Self.methods.count + Self.place(of: method)) * Self.callers.count + Int(caller.rawValue)
        let start = row * Self.stride
        cells.add(at: start + Self.place(ofStatus: status))
        var bucket = 0
        while bucket < Self.bounds.count, nanoseconds > Self.bounds[bucket].nanoseconds { bucket += 1 }
        cells.add(at: start + Self.outcomes.count + bucket)
        cells.add(nanoseconds, at: start + Self.sumPlace)
    }

    private static func place(of method: HTTPRequest.Method) -> Int {
        switch method {
        case .get, .head: 0
        case .post: 1
        default: 2
        }
    }

    private static func place(ofStatus status: Int) -> Int {
        switch status {
        case 429: 3
        case 503: 5
        case ..<300: 0
        case ..<400: 1
        case ..<500: 2
        default: 4
        }
    }

    // MARK: Reading

    /// What has been counted; combinations that never came are left out.
    func write(to text: inout MetricText) {
        text.family("gatehouse_http_requests_in_flight", .gauge, "Requests that are being answered.", underway.load(ordering: .relaxed))
        let rows = self.rows
        text.family("gatehouse_http_requests_total", .counter, "Requests by endpoint, method, caller's kind and status.")
        for row in rows {
            for (place, outcome) in Self.outcomes.enumerated() where cells[row.start + place] > 0 {
                text.sample(cells[row.start + place], row.labels + [("status", outcome)])
            }
        }
        text.family("gatehouse_http_request_duration_seconds", .histogram, "From the last byte of a request to its answer.")
        for row in rows {
            let counts = (0...Self.bounds.count).map { cells[row.start + Self.outcomes.count + $0] }
            let sum = Double(cells[row.start + Self.sumPlace]) * 1e-9
            text.histogram(counts: counts, bounds: Self.bounds.map(\.text), sum: sum, row.labels)
        }
    }

    private var rows: [(start: Int, labels: MetricText.Labels)] {
        var rows: [(Int, MetricText.Labels)] = []
        for (endpoint, name) in endpoints.enumerated() {
            for (method, word) in Self.methods.enumerated() {
                for caller in Self.callers {
                    let row = (endpoint * Self.methods.count + method) * Self.callers.count + Int(caller.rawValue)
                    let start = row * Self.stride
                    guard (0..<Self.outcomes.count).contains(where: { cells[start + $0] > 0 }) else { continue }
                    rows.append((start, [("endpoint", name), ("method", word), ("client", caller.label)]))
                }
            }
        }
        return rows
    }
}
