import Audit
import FoundationEssentials
import OAuthProtocol
import Postgres
import Runtime

/// From a person that a provider has vouched for to an account here.
struct FederationSignIn: Sendable {
    enum Outcome: Sendable {
        case proven(UUID, methods: [String], session: FederatedSession)
        /// The identity waits for the proof of an account.
        case pending(FederationNotice)
        case refused(FederationNotice)
    }

    /// Somebody else was quicker; what the database holds now leads to another verdict.
    private struct Overtaken: Error {}

    let federation: Federation

    /// - Throws: `PostgresError`, `MasterKeyError`.
    func conclude(
        _ profile: FederationProfile, tokens: UpstreamTokens, at provider: FederationProvider, signInID: UUID, address: String, now: Date
    ) async throws -> Outcome {
        let the = Case(
            profile: profile, tokens: provider.keepsTokens ? tokens : nil, provider: provider,
            isReserved: FederationJudgement(profile: profile, provider: provider).isReserved(
                among: try await federation.directory.providers()),
            address: address, now: now)
        for attempt in 1... {
            do {
                return try await federation.database.transaction { transaction in
                    try await conclude(the, signInID: signInID, in: transaction)
                }
            } catch let error as PostgresError where error.sqlState == "23505" && attempt < 3 {
                continue
            } catch is Overtaken where attempt < 3 {
                continue
            } catch is Overtaken {
                break
            }
        }
        throw OAuthError.temporarilyUnavailable(reason: "identity changes hands again and again")
    }

    private struct Case: Sendable {
        let profile: FederationProfile
        let tokens: UpstreamTokens?
        let provider: FederationProvider
        /// The address is of a domain that only other providers speak for.
        let isReserved: Bool
        let address: String
        let now: Date
    }

    private func conclude(_ the: Case, signInID: UUID, in transaction: any Queryable) async throws -> Outcome {
        let identity = try await find(the, in: transaction)
        // Locked before it is judged: a person who is being disabled, or whose password changes, must not be written back as they were.
        let users = UserStore(transaction)
        let owner: User? = if let identity { try await users.findLocked(id: identity.userID) } else { nil }
        let namesake = owner == nil ? try await namesake(the, in: users) : nil
        // Waiting for the lock, the identity may have left the account.
        if let identity, try await find(the, in: transaction)?.id != identity.id { throw Overtaken() }
        switch FederationJudgement(profile: the.profile, provider: the.provider).judge(owner: owner, namesake: namesake) {
        case .signIn(let userID):
            guard let owner, let identity else { throw Overtaken() }
            try await FederationStore(transaction).touch(identity.id, label: the.profile.label, now: the.now)
            try await federation.links.keep(
                the.tokens, of: the.provider, for: identity, address: the.address, in: transaction, now: the.now)
            try await refresh(owner, the, in: transaction)
            return proven(userID, identity.id, the)
        case .create:
            let user = try await create(the, in: transaction)
            return proven(user.id, try await link(the, with: user.id, proof: "created", in: transaction), the)
        case .link(let userID):
            guard let namesake else { throw Overtaken() }
            let id = try await link(the, with: userID, proof: "trusted_domain", in: transaction)
            try await refresh(namesake, the, in: transaction)
            return proven(userID, id, the)
        case .prove(let userID, let hasPassword):
            try await PendingIdentityStore(transaction, masterKeys: federation.masterKeys).put(
                PendingIdentity(providerID: the.provider.id, userID: userID, profile: the.profile, tokens: the.tokens), for: signInID,
                randomness: federation.randomness, now: the.now)
            return .pending(hasPassword ? .accountExists : .accountExistsElsewhere)
        case .refuse(let notice):
            return .refused(notice)
        }
    }

    private func find(_ the: Case, in transaction: any Queryable) async throws -> FederatedIdentity? {
        try await FederationStore(transaction).find(
            providerID: the.provider.id, issuer: the.profile.issuer, subject: the.profile.subject)
    }

    private func namesake(_ the: Case, in users: UserStore) async throws -> User? {
        guard let email = the.profile.email, let found = try await users.find(login: email) else { return nil }
        let locked = try await users.findLocked(id: found.id)
        guard locked?.email == found.email else { throw Overtaken() }
        return locked
    }

    private func proven(_ userID: UUID, _ identityID: UUID, _ the: Case) -> Outcome {
        .proven(
            userID,
            methods: [the.provider.method] + the.profile.methods + (the.profile.context.map { [AuthenticationMethods.context($0)] } ?? []),
            session: FederatedSession(
                identityID: identityID, upstreamSessionID: the.profile.sessionID, authenticatedAt: the.profile.authenticatedAt))
    }

    private func create(_ the: Case, in transaction: any Queryable) async throws -> User {
        let change = FederationUserChange(profile: the.profile, provider: the.provider)
        let users = UserStore(transaction)
        var username = ""
        for candidate in change.usernames(randomness: federation.randomness) {
            username = candidate
            if try await users.find(login: candidate) == nil { break }
        }
        let user = change.user(
            id: federation.randomness.uuid(at: the.now), username: username, isReserved: the.isReserved, now: the.now)
        try await users.insert(user)
        try await federation.audit.insert(
            AuditEvent(.userCreated, userID: user.id, address: the.address, detail: ["by": "provider", "provider": the.provider.id]),
            now: the.now, in: transaction)
        return user
    }

    private func link(_ the: Case, with userID: UUID, proof: String, in transaction: any Queryable) async throws -> UUID {
        guard
            let identity = try await federation.links.link(
                the.profile, tokens: the.tokens, with: userID, at: the.provider, proof: proof, address: the.address, in: transaction,
                now: the.now)
        else { throw Overtaken() }
        return identity.id
    }

    private func refresh(_ user: User, _ the: Case, in transaction: any Queryable) async throws {
        guard let changed = FederationUserChange(profile: the.profile, provider: the.provider).refreshed(user) else { return }
        guard try await UserStore(transaction).describe(user.id, claims: changed.claims, roles: changed.roles, now: the.now) else { return }
        try await federation.audit.insert(
            AuditEvent(.userChanged, userID: user.id, address: the.address, detail: ["by": "provider", "provider": the.provider.id]),
            now: the.now, in: transaction)
    }
}

// MARK: What waits for proof

extension FederationSignIn {
    /// Links the identity that waits in this sign-in, now that the person has proven an account. Proof of another account links nothing.
    /// - Throws: `PostgresError`, `MasterKeyError`.
    func settle(
        _ signInID: UUID, provenBy userID: UUID, address: String, now: Date
    ) async throws -> (methods: [String], session: FederatedSession)? {
        guard let pending = try await federation.pending(signInID), pending.userID == userID,
            let provider = try await federation.directory.find(pending.providerID)
        else { return nil }
        return try await federation.database.transaction { transaction in
            // Taken out of the way first: it counts once.
            guard try await PendingIdentityStore(transaction, masterKeys: federation.masterKeys).erase(signInID),
                let identity = try await federation.links.link(
                    pending.profile, tokens: pending.tokens, with: userID, at: provider, proof: "account", address: address,
                    in: transaction, now: now)
            else { return nil }
            return (
                [provider.method] + pending.profile.methods,
                // The proof was given here and now.
                FederatedSession(identityID: identity.id, upstreamSessionID: pending.profile.sessionID, authenticatedAt: nil)
            )
        }
    }
}

extension Federation {
    /// The identity that waits for proof in a sign-in.
    func pending(_ signInID: UUID) async throws -> PendingIdentity? {
        try await PendingIdentityStore(database, masterKeys: masterKeys).find(signInID)
    }

    /// The person doesn't want it linked.
    func forget(_ signInID: UUID) async throws {
        try await PendingIdentityStore(database, masterKeys: masterKeys).erase(signInID)
        // The page, and not the provider again, whoever the application means.
        try await SignInStore(database).note(signInID, notice: .providerTried, providerID: nil)
    }
}
