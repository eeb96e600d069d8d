import FoundationEssentials
import OAuthProtocol

/// A person as a provider describes them, cut down to what we use. Nothing in it is believed beyond what the provider can know.
struct FederationProfile: Sendable, Equatable {
    /// Who says so, and whom it means.
    var issuer: String
    var subject: String
    var email: String?
    /// nil: it says nothing of it.
    var emailVerified: Bool?
    var username: String?
    /// Standard claims by name.
    var claims: [String: JSONValue] = [:]
    var groups: [String] = []
    /// Its `amr`, where the settings trust it.
    var methods: [String] = []
    /// Its `acr`, where the settings trust it. Not kept while the identity waits for a proof of ours: what is proven then is ours to say.
    var context: String?
    /// Its session of the person.
    var sessionID: String?
    /// When the person last proved themselves there, where it says so.
    var authenticatedAt: Date?

    static let groupsMax = 1_000

    /// What the person recognises the account by.
    var label: String? { email ?? username ?? claims["name"]?.string }

    /// - Parameters:
    ///   - said: ID token and userinfo, the token's members over the other's.
    ///   - token: the ID token's claims, where there is one: of sessions and methods nobody else is asked.
    ///   - address: where `said` is not the source of it.
    ///   - form: what came beside the code: Apple's `user`, once.
    /// - Throws: ``FederationFailure`` where it names nobody.
    init(
        _ said: JSONValue, token: JSONValue? = nil, address: FederationAddress? = nil, form: JSONValue?, issuer: String,
        provider: FederationProvider
    ) throws(FederationFailure) {
        let mapping = provider.mapping
        // An ID token's subject has one name (Core §2); by the same one a logout token means the person.
        let path = provider.kind == .openIDConnect ? "sub" : mapping.subject
        guard let subject = Self.identifier(FederationClaimMapping.find(path, in: token ?? said)) else {
            throw .unavailable("no subject")
        }
        self.issuer = issuer
        self.subject = subject
        let address = address ?? FederationAddress(said, mapping: mapping)
        email = address.email.flatMap(Self.address)
        emailVerified = address.isVerified
        username = Self.text(FederationClaimMapping.find(mapping.username, in: said))
        for (name, path) in mapping.claims {
            guard let text = Self.text(FederationClaimMapping.find(path, in: said)) else { continue }
            if ["profile", "picture", "website"].contains(name), (try? AbsoluteURI(parsing: text))?.isWebAddress != true { continue }
            claims[name] = .string(text)
        }
        // https://developer.apple.com/documentation/signinwithapplerestapi: the name stands in no token, and isn't signed: words only.
        if let given = Self.text(form?["name"]?["firstName"]) { claims["given_name"] = claims["given_name"] ?? .string(given) }
        if let family = Self.text(form?["name"]?["lastName"]) { claims["family_name"] = claims["family_name"] ?? .string(family) }
        if claims["name"] == nil {
            let parts = ["given_name", "family_name"].compactMap { claims[$0]?.string }
            if !parts.isEmpty { claims["name"] = .string(parts.joined(separator: " ")) }
        }
        switch FederationClaimMapping.find(provider.roles.claim, in: said) {
        case .string(let one): groups = [one]
        case .some(let several): groups = (several.array ?? []).prefix(Self.groupsMax).compactMap(\.string)
        case nil: break
        }
        if provider.trustsMethods {
            methods = ((token ?? said)["amr"]?.array ?? []).prefix(10).compactMap(\.string).filter(Self.isMethod)
        }
        if provider.trustsContext == true {
            context = token?["acr"]?.string.flatMap { AuthenticationMethods.isForeignContext($0) ? $0 : nil }
        }
        sessionID = token?["sid"]?.string.flatMap { Self.isIdentifier($0) ? $0 : nil }
        authenticatedAt = token?["auth_time"]?.double.flatMap { Self.times.contains($0) ? Date(timeIntervalSince1970: $0) : nil }
    }

    /// OpenID Connect Core §2: at most 255 characters. GitHub's and Facebook's are numbers or written as such.
    private static func identifier(_ json: JSONValue?) -> String? {
        let text = json?.string ?? json?.int.map(String.init)
        return text.flatMap { isIdentifier($0) ? $0 : nil }
    }

    /// What can name a person or a session, and be kept as text.
    static func isIdentifier(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && !text.unicodeScalars.contains(where: isControl)
    }

    /// What a calendar holds, until the year 9999.
    private static let times: ClosedRange<Double> = 0...253_402_300_799

    /// A value for people to read.
    private static func text(_ json: JSONValue?) -> String? {
        guard let text = json?.string, (1...1_024).contains(text.utf8.count), !text.unicodeScalars.contains(where: isControl) else {
            return nil
        }
        return text
    }

    /// ASCII only: two addresses that the database takes for one in lower case, and a mail server doesn't, must not meet.
    static func address(_ text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), parts.count == 2, !parts[0].isEmpty,
            parts[1].contains("."), !parts[1].hasPrefix("."), !parts[1].hasSuffix(".")
        else { return nil }
        return text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar.value == 0x7F }

    /// RFC 8176 values are short words; ours aren't taken from outside.
    private static func isMethod(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text != "fed"
            && text.utf8.allSatisfy { FormEncoding.isUnreserved($0) }
    }
}

extension FederationProfile {
    /// To be kept, sealed, until the person has proven the account that it belongs with.
    var json: JSONValue {
        var members: [String: JSONValue] = [
            "issuer": .string(issuer), "subject": .string(subject), "claims": .object(claims), "groups": .strings(groups),
            "methods": .strings(methods),
        ]
        members["email"] = email.map(JSONValue.string)
        members["email_verified"] = emailVerified.map(JSONValue.bool)
        members["username"] = username.map(JSONValue.string)
        members["sid"] = sessionID.map(JSONValue.string)
        return .object(members)
    }

    init?(json: JSONValue) {
        guard let issuer = json["issuer"]?.string, let subject = json["subject"]?.string else { return nil }
        self.issuer = issuer
        self.subject = subject
        email = json["email"]?.string
        emailVerified = json["email_verified"]?.bool
        username = json["username"]?.string
        claims = json["claims"]?.object ?? [:]
        groups = json["groups"]?.strings ?? []
        methods = json["methods"]?.strings ?? []
        sessionID = json["sid"]?.string
    }
}
