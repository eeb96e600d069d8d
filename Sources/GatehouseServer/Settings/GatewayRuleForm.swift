import Gateway
import OAuthProtocol

/// Reads one entry of `gateway.rules` and judges its parts against each other.
struct GatewayRuleForm {
    /// nil when something that can't be left out is missing.
    private(set) var rule: ForwardAuthRule?

    init(_ section: SettingsSection, _ context: DeclarationContext) {
        let host = section.require("host", .gatewayHost).flatMap(ForwardAuthPlace.Host.init(parsing:))
        let path = section.find("path", .gatewayPath).flatMap(ForwardAuthPlace.Path.init(parsing:)) ?? .any
        let methods = section.scalars("methods", .method)
        let isAnonymous = section.read("anonymous", .bool, default: false)
        let servesBrowsers = section.read("browsers", .bool, default: false)
        let requirements = Self.requirements(section, context)
        let named = section.scalars("proofs", SettingsScalar<Caller.Proof>.word)
        Self.judgeAdmission(isAnonymous, requirements, section)
        Self.judgeProofs(named, servesBrowsers, requirements, section)
        if servesBrowsers, case .below = host {
            // A redirect address is compared exactly (RFC 9700 §4.1.3).
            section.refuse("browsers", "needs a host without an asterisk: people come back to one address")
        }
        guard let host else { return }
        var judged = requirements
        if !named.isEmpty { judged.proofs = Set(named) }
        rule = ForwardAuthRule(
            ForwardAuthPlace(host: host, path: path, methods: Set(methods)), admission: isAnonymous ? .anonymous : .callers,
            requirements: judged, servesBrowsers: servesBrowsers)
    }

    private static func requirements(_ section: SettingsSection, _ context: DeclarationContext) -> ForwardAuthRule.Requirements {
        var requirements = ForwardAuthRule.Requirements()
        requirements.scopes = scopes("scopes", section, context)
        requirements.anyScope = scopes("any_scope", section, context)
        requirements.roles = section.scalars("roles", .role)
        requirements.audience = section.find("audience", .resourceIdentifier)
        if let audience = requirements.audience, !context.resources.contains(audience) {
            let ending = SettingsSuggestion.ending(for: audience, among: context.resources)
            section.refuse("audience", "no resource is declared as \(audience)" + ending)
        }
        requirements.acceptsPublishableKeys = section.read("publishable_keys", .bool, default: false)
        return requirements
    }

    private static func scopes(_ key: String, _ section: SettingsSection, _ context: DeclarationContext) -> ScopeSet {
        let scopes = section.scalars(key, .scopeToken)
        for scope in scopes where !context.scopes.contains(scope) {
            section.refuse(key, "no resource declares \(scope)" + SettingsSuggestion.ending(for: scope, among: context.scopes))
        }
        return ScopeSet(scopes)
    }

    private static func judgeAdmission(_ isAnonymous: Bool, _ requirements: ForwardAuthRule.Requirements, _ section: SettingsSection) {
        guard isAnonymous else { return }
        // Who shows something could be refused where who shows nothing passes.
        for (key, isGiven) in [
            ("scopes", !requirements.scopes.isEmpty), ("any_scope", !requirements.anyScope.isEmpty), ("roles", !requirements.roles.isEmpty),
        ] where isGiven {
            section.refuse(key, "has no meaning where anonymous is true")
        }
    }

    private static func judgeProofs(
        _ named: [Caller.Proof], _ servesBrowsers: Bool, _ requirements: ForwardAuthRule.Requirements, _ section: SettingsSection
    ) {
        guard !named.isEmpty else { return }
        if named.contains(.session), !servesBrowsers { section.refuse("proofs", "session has no meaning without browsers: true") }
        if servesBrowsers, !named.contains(.session) { section.refuse("proofs", "leaves out session, but browsers is true") }
        if requirements.acceptsPublishableKeys, !named.contains(.apiKey) {
            section.refuse("publishable_keys", "has no meaning where proofs leaves out api_key")
        }
    }
}

extension SettingsScalar where Value == String {
    fileprivate static var gatewayHost: Self {
        text(bytesMax: 261).holding("must be a host such as app.example.org, with a port where people sign in at one, or *.example.org") {
            ForwardAuthPlace.Host(parsing: $0) != nil
        }
    }

    fileprivate static var gatewayPath: Self {
        text(bytesMax: 1_024).holding("must be a path such as /login, or one that ends in /*, without dot segments, // and ;") {
            ForwardAuthPlace.Path(parsing: $0) != nil
        }
    }

    fileprivate static var method: Self {
        text(bytesMax: 32).holding("must be a method in capital letters") { text in
            text.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }
}
