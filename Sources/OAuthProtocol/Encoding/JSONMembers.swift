/// The members of a JSON object in their order, for a form of few members: finding one costs less than making a dictionary would.
package struct JSONMembers: Sendable {
    package typealias Entry = (name: String, value: JSONValue)

    private static let comparedMax = 16

    private let entries: [Entry]

    /// Without members.
    package init() {
        entries = []
    }

    /// Reads one JSON text, as strictly as `JSONValue` does.
    /// - Throws: `JSONError` for anything but one object within the limits whose members have different names.
    package init(parsing bytes: some Sequence<UInt8>, bytesMax: Int = 65_536, depthMax: Int = 16) throws(JSONError) {
        entries = try JSONParser.members(Array(bytes), bytesMax: bytesMax, depthMax: depthMax)
        guard !Self.haveDuplicates(entries) else { throw .duplicateMember }
    }

    package var names: [String] { entries.map(\.name) }

    package subscript(_ name: String) -> JSONValue? {
        entries.firstIndex { $0.name == name }.map { entries[$0].value }
    }

    /// Each with each where they are few; else the work would grow with the square of what somebody sends.
    private static func haveDuplicates(_ entries: [Entry]) -> Bool {
        guard entries.count <= comparedMax else { return Set(entries.lazy.map(\.name)).count < entries.count }
        for (index, entry) in entries.enumerated() {
            for other in entries[..<index] where other.name == entry.name { return true }
        }
        return false
    }
}
