/// The `claims` parameter (OpenID Connect Core §5.5): single claims asked for, at userinfo or in the ID token.
package struct ClaimsRequest: Sendable, Equatable {
    /// One claim as asked for; a JSON null is all defaults.
    package struct Individual: Sendable, Equatable {
        package var isEssential: Bool
        package var value: JSONValue?
        package var values: [JSONValue]?

        package init(isEssential: Bool = false, value: JSONValue? = nil, values: [JSONValue]? = nil) {
            self.isEssential = isEssential
            self.value = value
            self.values = values
        }

        /// Whether an actual value is one that was asked for; true where none was named.
        package func accepts(_ actual: JSONValue) -> Bool {
            if let value, value != actual { return false }
            if let values, !values.contains(actual) { return false }
            return true
        }
    }

    package var userInfo: [String: Individual]
    package var idToken: [String: Individual]

    package static let bytesMax = 4_096
    package static let claimsMax = 64

    package init(userInfo: [String: Individual] = [:], idToken: [String: Individual] = [:]) {
        self.userInfo = userInfo
        self.idToken = idToken
    }

    /// - Parameter bytesMax: a request read back from the database, which adds spaces, may be longer.
    /// - Throws: `invalid_request` for anything but the JSON of §5.5 within the limits.
    package init(parsing text: String, bytesMax: Int = ClaimsRequest.bytesMax) throws(OAuthError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: text.utf8, bytesMax: bytesMax, depthMax: 8)
        } catch {
            throw .invalidRequest("The claims parameter is not valid JSON of at most \(bytesMax) bytes.")
        }
        guard json.object != nil else { throw .invalidRequest("The claims parameter is not a JSON object.") }
        // Other members are to be ignored (§5.5).
        userInfo = try Self.claims(json["userinfo"], of: "userinfo")
        idToken = try Self.claims(json["id_token"], of: "id_token")
        guard userInfo.count + idToken.count <= Self.claimsMax else {
            throw .invalidRequest("The claims parameter asks for more than \(Self.claimsMax) claims.")
        }
    }

    package var isEmpty: Bool { userInfo.isEmpty && idToken.isEmpty }

    /// The same claims without values asked of them: all that is needed once the person has been found.
    package var namesOnly: ClaimsRequest {
        ClaimsRequest(
            userInfo: userInfo.mapValues { _ in Individual() }, idToken: idToken.mapValues { _ in Individual() })
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = [:]
        if !userInfo.isEmpty { members["userinfo"] = .object(userInfo.mapValues(Self.json)) }
        if !idToken.isEmpty { members["id_token"] = .object(idToken.mapValues(Self.json)) }
        return .object(members)
    }

    /// For storage; reading it again gives an equal request.
    package func encoded() -> [UInt8] { json.encoded() }

    private static func claims(_ json: JSONValue?, of member: String) throws(OAuthError) -> [String: Individual] {
        guard let json, !json.isNull else { return [:] }
        guard let members = json.object else { throw .invalidRequest("The member \(member) of the claims parameter is not an object.") }
        var claims: [String: Individual] = [:]
        for (name, value) in members { claims[name] = try individual(value) }
        return claims
    }

    private static func individual(_ json: JSONValue) throws(OAuthError) -> Individual {
        if json.isNull { return Individual() }
        guard json.object != nil else {
            throw .invalidRequest("The claims parameter has a claim that is neither null nor an object.")
        }
        var claim = Individual()
        if let essential = json["essential"] {
            guard let flag = essential.bool else { throw .invalidRequest("The claims parameter has an essential that is not a boolean.") }
            claim.isEssential = flag
        }
        claim.value = json["value"]
        if let values = json["values"] {
            guard let list = values.array else { throw .invalidRequest("The claims parameter has values that are not an array.") }
            claim.values = list
        }
        return claim
    }

    private static func json(_ claim: Individual) -> JSONValue {
        var members: [String: JSONValue] = [:]
        if claim.isEssential { members["essential"] = true }
        members["value"] = claim.value
        members["values"] = claim.values.map { .array($0) }
        return members.isEmpty ? .null : .object(members)
    }
}
