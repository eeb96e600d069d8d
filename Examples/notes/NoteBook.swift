import GatehouseClient
import Hummingbird

/// What a caller sees.
struct NoteList: ResponseEncodable {
    let caller: String
    let provenBy: String
    let notes: [String]
}

/// Everybody's notes, in memory: each sees their own.
actor NoteBook {
    private static let notesMax = 100
    private static let peopleMax = 1_000

    private var notes: [String: [String]] = [:]

    func list(_ caller: GatehouseCaller) -> NoteList {
        NoteList(caller: caller.subject, provenBy: caller.proof.rawValue, notes: notes[caller.subject] ?? [])
    }

    func add(_ text: String, _ caller: GatehouseCaller) throws -> NoteList {
        let isRoom = notes[caller.subject] != nil || notes.count < Self.peopleMax
        guard isRoom, !text.isEmpty else { throw HTTPError(.badRequest) }
        notes[caller.subject] = ((notes[caller.subject] ?? []) + [text]).suffix(Self.notesMax)
        return list(caller)
    }
}
