import GatehouseClient

/// `NotesExample sign METHOD TARGET [BODY]`: what the caller's side does. curl can't sign, so the fields are written as its settings.
enum NotesSignature {
    static func words(_ arguments: [String]) -> [String]? {
        guard arguments.count >= 4, arguments[1] == "sign" else { return nil }
        return Array(arguments[2...])
    }

    static func write(_ words: [String], _ gatehouse: GatehouseClient, _ settings: NotesSettings) throws {
        let body = words.count > 2 ? Array(words[2].utf8) : nil
        let message = GatehouseMessage.request(method: words[0], uri: settings.origin + words[1], body: body)
        for field in try gatehouse.sign(message, with: settings.signingKey) {
            print("header = \"\(field.name): \(field.value.replacing("\"", with: "\\\""))\"")
        }
    }
}
