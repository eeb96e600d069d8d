import OAuthProtocol

// The kinds of scalars that are addresses.
extension SettingsScalar where Value == String {
    /// An absolute URI that meets one more condition; the text is kept as written.
    private static func uri(_ message: String, _ condition: @escaping (AbsoluteURI, String) -> Bool) -> Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                let uri: AbsoluteURI
                do throws(AbsoluteURI.Flaw) {
                    uri = try AbsoluteURI(parsing: text)
                } catch {
                    throw SettingsRefusal("\(error); it \(message)")
                }
                guard condition(uri, text) else { throw SettingsRefusal(message) }
                return text
            }, print: SettingsOutline.quoted)
    }

    /// A page or picture of somebody else's.
    static var webAddress: Self {
        uri("must be an https address, or http on localhost, 127.0.0.1 or [::1]") { uri, _ in uri.isWebAddress }
    }

    /// The server's own address (OpenID Connect Core §2 `iss`): its host and nothing more, since the routes and the
    /// `__Host-` cookies (`Path=/`) live at the root, and paths are appended to it as it stands (Discovery §4.1).
    static var issuer: Self {
        uri("must be https, or http on localhost, 127.0.0.1 or [::1], without path, trailing slash, query or fragment") { uri, text in
            uri.isWebAddress && uri.rest.isEmpty && uri.origin == text
        }
    }

    /// Another server's; whether plain http is spoken is decided where it is used.
    static var serverAddress: Self {
        uri("must be an https address without user and fragment") { uri, _ in
            (uri.scheme == "https" || uri.scheme == "http") && uri.host?.isEmpty == false && !uri.hasUserInfo && !uri.hasFragment
        }
    }

    /// A web origin as browsers send it (RFC 6454 §6.2).
    static var origin: Self {
        uri("must be an origin as browsers send it: https://host[:port] in lower case, without a path and the scheme's own port") {
            uri, text in
            uri.isWebAddress && uri.origin == text
        }
    }

    /// Where else this server is reached: under https always, since that is what it is for.
    static var webOrigin: Self {
        uri("must be an https address without path, trailing slash, query or fragment") { uri, text in
            uri.rest.isEmpty && uri.origin == text && text.hasPrefix("https:")
        }
    }

    /// Where machines of one's own reach this server: also in plain http, for a network that nobody else is on.
    static var reachableOrigin: Self {
        uri("must be https://host[:port] or http://host[:port] in lower case, without path, trailing slash, query or fragment") {
            uri, text in
            uri.rest.isEmpty && uri.origin == text && (text.hasPrefix("https:") || text.hasPrefix("http:"))
        }
    }

    /// RFC 8707 §2: an absolute URI without a fragment.
    static var resourceIdentifier: Self {
        uri("must be an absolute URI without a fragment, such as https://api.example.com") { uri, _ in
            !uri.hasFragment && !uri.hasUserInfo && (uri.host != nil || !uri.rest.isEmpty)
        }
    }
}

extension SettingsScalar where Value == RedirectURI {
    static var redirectURI: Self {
        Self(
            parse: { text throws(SettingsRefusal) in
                do throws(OAuthError) {
                    return try RedirectURI(registering: text)
                } catch {
                    throw SettingsRefusal(error.publicDescription)
                }
            }, print: { SettingsOutline.quoted($0.text) })
    }
}
