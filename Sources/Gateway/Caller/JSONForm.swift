import FoundationEssentials
import Guard
import Hummingbird
import OAuthProtocol
import Web

/// A JSON body, read strictly: every member is of a known name and type, or the request is refused by name.
struct JSONForm: Sendable {
    private let members: JSONMembers

    /// - Throws: `invalid_request`, `payload_too_large`.
    static func read(_ request: Request, allowing names: Set<String>) async throws -> JSONForm {
        let body = try await Form.body(request)
        if body.readableBytes == 0 { return JSONForm(members: JSONMembers()) }
        guard Form.saysJSON(request) else { throw OAuthError.invalidRequest("The body must be application/json.") }
        guard let members = try? JSONMembers(parsing: body.readableBytesView) else {
            throw OAuthError.invalidRequest("The body is not a JSON object.")
        }
        if let unknown = members.names.filter({ !names.contains($0) }).min() {
            throw OAuthError.invalidRequest("The member \(unknown) is not known.")
        }
        return JSONForm(members: members)
    }

    func text(_ name: String, bytesMax: Int = 512) throws(OAuthError) -> String? {
        guard let value = members[name], !value.isNull else { return nil }
        guard let text = value.string, text.utf8.count <= bytesMax, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalidRequest("The member \(name) must be a text of at most \(bytesMax) bytes.")
        }
        return text
    }

    func requiredText(_ name: String, bytesMax: Int = 512) throws(OAuthError) -> String {
        guard let text = try text(name, bytesMax: bytesMax), !text.isEmpty else { throw .invalidRequest("The member \(name) is missing.") }
        return text
    }

    func texts(_ name: String, countMax: Int = 100, bytesMax: Int = 512) throws(OAuthError) -> [String] {
        guard let value = members[name], !value.isNull else { return [] }
        guard let texts = value.strings, texts.count <= countMax,
            texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= bytesMax && $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } })
        else { throw .invalidRequest("The member \(name) must be a list of at most \(countMax) texts.") }
        return texts
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(OAuthError) -> Int? {
        guard let value = members[name], !value.isNull else { return nil }
        guard case .int = value, let number = value.int, range.contains(number) else {
            throw .invalidRequest("The member \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    func flag(_ name: String) throws(OAuthError) -> Bool? {
        guard let value = members[name], !value.isNull else { return nil }
        guard let flag = value.bool else { throw .invalidRequest("The member \(name) must be true or false.") }
        return flag
    }

    /// Bytes in base64, padded (RFC 4648 §4).
    func bytes(_ name: String) throws(OAuthError) -> [UInt8]? {
        guard let value = members[name], !value.isNull else { return nil }
        guard let bytes = value.string.flatMap(Base64.decode) else {
            throw .invalidRequest("The member \(name) must be base64 with its padding.")
        }
        return bytes
    }

    func object(_ name: String) throws(OAuthError) -> JSONValue? {
        guard let value = members[name], !value.isNull else { return nil }
        guard value.object != nil else { throw .invalidRequest("The member \(name) must be an object.") }
        return value
    }

    /// The lines of a message's header: `[["Host", "api.example"], …]`, in their order. The bytes of the values are judged by whoever
    /// uses them.
    func fields(_ name: String, countMax: Int) throws(OAuthError) -> [SignableMessage.Field] {
        guard let value = members[name], !value.isNull else { return [] }
        guard let lines = value.array, lines.count <= countMax else {
            throw .invalidRequest("The member \(name) must be a list of at most \(countMax) lines.")
        }
        return try lines.map { line throws(OAuthError) in
            guard let pair = line.array, pair.count == 2, let name = pair[0].string, let value = pair[1].string else {
                throw .invalidRequest("The member \(name) must hold pairs of a name and a value.")
            }
            return (name, value)
        }
    }

    /// Space-separated, or a list.
    func scopes(_ name: String) throws(OAuthError) -> ScopeSet? {
        if let text = members[name]?.string { return try ScopeSet(parsing: text) }
        guard members[name] != nil else { return nil }
        return try ScopeSet(validating: texts(name))
    }

    func networks(_ name: String) throws(OAuthError) -> [AddressNetwork] {
        try texts(name, bytesMax: 64).map { text throws(OAuthError) in
            guard let network = AddressNetwork(parsing: text) else {
                throw .invalidRequest("The member \(name) holds a text that is no address range: CIDR, with no bit set behind the prefix.")
            }
            return network
        }
    }

    /// `{"burst": 10, "per_minute": 60}`
    func limit(_ name: String) throws(OAuthError) -> AttemptLimit? {
        guard let value = members[name], !value.isNull else { return nil }
        guard let members = value.object, Set(members.keys) == ["burst", "per_minute"], let burst = members["burst"]?.int,
            let perMinute = members["per_minute"]?.double, (1...1_000_000).contains(burst), perMinute > 0, perMinute <= 100_000_000
        else { throw .invalidRequest("The member \(name) must have burst and per_minute.") }
        return AttemptLimit(burst: burst, perMinute: perMinute)
    }
}
