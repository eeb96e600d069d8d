/// The fields whose structured type we know, which `sf` requires (RFC 9421 §2.1.1).
enum KnownStructuredFields {
    enum Kind {
        case dictionary
        case list
        case item
    }

    static func kind(of name: String) -> Kind? {
        switch name {
        case "content-digest", "repr-digest", "want-content-digest", "want-repr-digest", "signature", "signature-input",
            "accept-signature", "priority", "cdn-cache-control":
            .dictionary
        case "client-cert-chain", "cache-status", "proxy-status": .list
        case "client-cert": .item
        default: nil
        }
    }
}
