/// `listen`: where HTTP is served.
package struct ListenSettings: Sendable {
    package var address = "127.0.0.1"
    /// 0 lets the system choose, which only tests want.
    package var port = 8080

    init() {}

    init(_ section: SettingsSection) {
        address = section.read("address", .text(), default: address)
        port = section.read("port", .int(0...65_535), default: port)
    }
}
