/// Why one value is refused; the reader adds path and place.
struct SettingsRefusal: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
