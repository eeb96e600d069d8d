import HTTPTypes

/// What browsers say of where a form was sent from.
package enum ForeignForms {
    /// From another site, another origin of the same site, or from nowhere that can be named.
    package static let headers: [HTTPFields] = [
        ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": ""],
        ["Origin": "https://attacker.example"], ["Origin": "null"], ["Origin": "https://localhost:8080"], ["Origin": "http://localhost"],
        ["Sec-Fetch-Site": "same-origin", "Origin": "https://attacker.example"], ["Sec-Fetch-Site": "cross-site", "Origin": "null"],
    ].map(fields)

    /// From a page of ours.
    package static let ownHeaders: [HTTPFields] = [
        ["Sec-Fetch-Site": "same-origin", "Origin": TestServer.issuer], ["Sec-Fetch-Site": "same-origin", "Origin": "null"],
        ["Sec-Fetch-Site": "none"], ["Origin": TestServer.issuer], [:],
    ].map(fields)

    private static func fields(_ pairs: [String: String]) -> HTTPFields {
        var fields: HTTPFields = [:]
        for (name, value) in pairs {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }
}
