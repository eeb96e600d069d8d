import Outbound

extension OutboundSettings {
    /// `outbound`: what calls to other servers may do.
    init(_ section: SettingsSection) {
        self.init()
        allowsPrivate = section.read("allow_private", .bool, default: false)
        allowsHTTP = section.read("allow_http", .bool, default: false)
    }
}
