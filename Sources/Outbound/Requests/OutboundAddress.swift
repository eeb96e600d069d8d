import OAuthProtocol
import Web

/// The address of a call, taken apart: what is judged is what is dialled.
struct OutboundAddress: Sendable, Equatable {
    let isSecure: Bool
    /// A name in lower case, or an IP address without brackets.
    let host: String
    /// The address that the host is, if it is one and no name.
    let number: AddressNumber?
    /// Written anew from the parts, so that the client that dials can't read another host in it.
    let url: String

    /// - Throws: `malformedAddress`, `schemeNotAllowed`.
    init(parsing text: String, allowsHTTP: Bool) throws(OutboundError) {
        guard let uri = try? AbsoluteURI(parsing: text), let written = uri.host, !written.isEmpty, !uri.hasUserInfo, !uri.hasFragment else {
            throw .malformedAddress
        }
        switch uri.scheme.lowercased() {
        case "https": isSecure = true
        case "http" where allowsHTTP: isSecure = false
        default: throw .schemeNotAllowed
        }
        host = String(written.drop { $0 == "[" }.prefix { $0 != "]" })
        number = AddressNumber(parsing: host)
        let port = uri.port.map { ":\($0)" } ?? ""
        url = "\(isSecure ? "https" : "http")://\(written)\(port)\(uri.rest)"
    }
}
