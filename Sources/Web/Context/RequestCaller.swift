/// How whoever sent a request proved itself, as metrics tell it: a closed list, never a name.
package enum RequestCaller: UInt8, Sendable, CaseIterable {
    /// Nobody has asked, or the proof was refused.
    case nobody
    /// A client that anybody may name.
    case publicClient
    case clientSecret
    case clientCertificate
    /// A client that proved itself in another way.
    case otherClient
    case accessToken
    case apiKey
    case signature
    /// Somebody with a page in front of them.
    case browser
    /// A proxy at the door.
    case proxy

    package var label: String {
        switch self {
        case .nobody: "none"
        case .publicClient: "public_client"
        case .clientSecret: "client_secret"
        case .clientCertificate: "client_certificate"
        case .otherClient: "client_other"
        case .accessToken: "access_token"
        case .apiKey: "api_key"
        case .signature: "signature"
        case .browser: "browser"
        case .proxy: "proxy"
        }
    }
}
