import OAuthProtocol

/// Pure: whether a caller passes where a rule holds.
struct ForwardAuthJudgement {
    let rule: ForwardAuthRule
    /// Nil: nobody has shown anything.
    let caller: Caller?

    func judge() -> ForwardAuthVerdict {
        guard let caller else {
            if case .anonymous = rule.admission { return .allowed(nil) }
            return .unproven(.missingAccessToken())
        }
        let wanted = rule.requirements
        // Whoever found the caller has looked at this, too; a new kind of proof must not slip through there.
        guard wanted.proofs.contains(caller.proof) else { return .refused(ForwardAuthRefusal(.proof)) }
        guard wanted.scopes.isSubset(of: caller.scopes) else {
            return .refused(ForwardAuthRefusal(.scope, scope: wanted.scopes.subtracting(caller.scopes).description))
        }
        guard wanted.anyScope.isEmpty || wanted.anyScope.array.contains(where: caller.scopes.contains) else {
            return .refused(ForwardAuthRefusal(.scope, scope: wanted.anyScope.description))
        }
        guard wanted.roles.isEmpty || wanted.roles.contains(where: caller.roles.contains) else {
            return .refused(ForwardAuthRefusal(.role))
        }
        return .allowed(caller)
    }
}
