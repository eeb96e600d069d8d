/// Where the demo application finds its identity server, and who it is there.
package struct DemoSettings: Sendable {
    /// The issuer, as browsers reach it.
    package var issuer: String
    /// Where this process reaches the issuer, when that is another address (a container network).
    package var internalIssuer: String?
    /// The name shown on its pages.
    package var name: String
    package var host: String
    package var port: Int
    /// Scheme, host and port as browsers reach the application.
    package var baseURI: String
    package var clientID: String
    /// Nil makes it a public client, which relies on PKCE alone.
    package var clientSecret: String?
    package var scope: String
    /// The folder with the application's own templates.
    package var templates: String

    package init(
        issuer: String = "http://localhost:8080", internalIssuer: String? = nil, name: String = "Demo application",
        host: String = "127.0.0.1", port: Int = 8081, baseURI: String? = nil, clientID: String = "demo", clientSecret: String? = nil,
        scope: String = "openid profile email address phone offline_access", templates: String = "Templates/DemoApplication"
    ) {
        self.issuer = issuer
        self.internalIssuer = internalIssuer
        self.name = name
        self.host = host
        self.port = port
        self.baseURI = baseURI ?? "http://\(host):\(port)"
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.templates = templates
    }

    /// Registered at the issuer for the answers to sign-in.
    package var redirectURI: String { baseURI + "/callback" }
    /// Registered at the issuer for the way back from signing out.
    package var postLogoutRedirectURI: String { baseURI + "/" }
}

extension DemoSettings: CustomStringConvertible {
    package var description: String { "DemoSettings(issuer: \(issuer), clientID: \(clientID), secret: …)" }
}
