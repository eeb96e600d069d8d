/// `metrics`: where monitoring asks. Off unless said otherwise, and never on the port that clients use.
package struct MetricsSettings: Sendable {
    package var listen: ListenAddress?

    init(_ section: SettingsSection) {
        listen = section.find("listen", .listenAddress)
    }
}

/// An address and a port to listen on.
package struct ListenAddress: Sendable, Equatable {
    package let address: String
    package let port: Int

    /// `127.0.0.1:9464`, `[::1]:9464`.
    init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.first == "[" {
            guard host.last == "]", host.count > 2 else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        address = String(host)
        self.port = port
    }

    var text: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

extension SettingsScalar where Value == ListenAddress {
    static var listenAddress: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                guard let place = ListenAddress(parsing: text) else {
                    throw SettingsRefusal("must be an address and a port, such as 127.0.0.1:9464")
                }
                return place
            }, print: { SettingsOutline.quoted($0.text) })
    }
}
