/// Writes metrics as Prometheus reads them (text exposition format 0.0.4).
///
/// A family is announced whether it has samples or not, so that whoever reads knows what there is.
package struct MetricText: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// Label names are ours; values are escaped.
    package typealias Labels = [(name: StaticString, value: String)]

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var text = ""
    private var family = ""

    package init() {
        text.reserveCapacity(32_768)
    }

    /// Begins a family; the samples that follow are its.
    package mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        family = "\(name)"
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A family of one sample.
    package mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Int) {
        family(name, kind, help)
        sample(value)
    }

    package mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Double) {
        family(name, kind, help)
        sample(value)
    }

    package mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Bool) {
        family(name, kind, help)
        sample(value)
    }

    package mutating func sample(_ value: Int, _ labels: Labels = []) {
        write("", labels, String(value))
    }

    package mutating func sample(_ value: Double, _ labels: Labels = []) {
        write("", labels, Self.number(value))
    }

    package mutating func sample(_ value: Bool, _ labels: Labels = []) {
        write("", labels, value ? "1" : "0")
    }

    /// One series of a histogram.
    /// - Parameters:
    ///   - counts: of each bucket by itself; the last is beyond every bound.
    ///   - bounds: as Prometheus shows them, in ascending order; one fewer than `counts`.
    package mutating func histogram(counts: [Int], bounds: [StaticString], sum: Double, _ labels: Labels) {
        var total = 0
        for (count, bound) in zip(counts, bounds.map { "\($0)" } + ["+Inf"]) {
            total += count
            write("_bucket", labels + [("le", bound)], String(total))
        }
        write("_sum", labels, Self.number(sum))
        write("_count", labels, String(total))
    }

    private mutating func write(_ ending: String, _ labels: Labels, _ value: String) {
        text += family
        text += ending
        for (index, label) in labels.enumerated() {
            text += index == 0 ? "{" : ","
            text += "\(label.name)=\"\(Self.escaped(label.value))\""
        }
        text += labels.isEmpty ? " \(value)\n" : "} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : value.description
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
