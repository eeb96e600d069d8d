import FoundationEssentials
import Logging
import OAuthProtocol
import Runtime

/// Writes the log, one line an event: as JSON for machines, or as text for people. What somebody else chose can't begin a line of its own in
/// either, and no line is longer than ``valueBytesMax`` for each value.
package struct LogLines: LogHandler {
    package enum Format: String, Sendable, CaseIterable {
        case json, text
    }

    /// More of a value is cut off.
    static let valueBytesMax = 2_048
    private static let ownNames: Set<String> = ["time", "level", "message"]

    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let format: Format
    private let clock: any WallClock
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: takes one line with its end; may be called on any thread.
    package init(_ format: Format, clock: any WallClock, write: @escaping @Sendable ([UInt8]) -> Void = LogOutput.standardError) {
        self.format = format
        self.clock = clock
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let members = all.map { (name: $0.key, value: Self.cut("\($0.value)")) }.sorted { $0.name < $1.name }
        let message = Self.cut("\(event.message)")
        let time = Self.time(clock.now)
        switch format {
        case .json: write(Self.json(time, event.level, message, members))
        case .text: write(Self.text(time, event.level, message, members))
        }
    }

    private typealias Members = [(name: String, value: String)]

    private static func json(_ time: String, _ level: Logger.Level, _ message: String, _ members: Members) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("time", time)
            json.field("level", level.rawValue)
            json.field("message", message)
            for (name, value) in members { json.field(ownNames.contains(name) ? name + "_" : name, value) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func text(_ time: String, _ level: Logger.Level, _ message: String, _ members: Members) -> [UInt8] {
        var line = "\(time) \(level.rawValue) gatehouse: \(message)"
        for (name, value) in members { line += " \(name)=\(value)" }
        // A control character in a value could pass for the end of the line, or move the cursor of whoever reads it.
        let bytes = line.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return bytes + [UInt8(ascii: "\n")]
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueBytesMax else { return text }
        return String(decoding: text.utf8.prefix(valueBytesMax), as: UTF8.self) + "…"
    }

    /// RFC 3339, to the millisecond.
    private static func time(_ now: Date) -> String {
        now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
