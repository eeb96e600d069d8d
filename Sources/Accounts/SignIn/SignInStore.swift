import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Web

/// Sign-ins under way. Every method throws `PostgresError`.
struct SignInStore: Sendable {
    private let database: any Queryable

    init(_ database: any Queryable) {
        self.database = database
    }

    func insert(
        id: UUID, handle: OpaqueToken, browser: TokenHash, returnTo: String, loginHint: String?, client: PresentedClient?,
        offersPresentAccount: Bool, upstream: UpstreamHints, now: Date, expiresAt: Date
    ) async throws {
        try await database.execute(
            """
            insert into sign_ins (id, handle_hash, browser_hash, return_to, login_hint, presented, offers_present_account,
                created_at, expires_at, prompt, domain_hint)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            on conflict (handle_hash) do update set offers_present_account = excluded.offers_present_account
            where sign_ins.browser_hash = excluded.browser_hash
            """,
            [
                .uuid(id), .bytes(handle.hash.bytes), .bytes(browser.bytes), .text(returnTo), .optionalText(loginHint),
                .optionalJSON(client?.json.encoded()), .bool(offersPresentAccount), .timestamp(now), .timestamp(expiresAt),
                .optionalText(upstream.prompt), .optionalText(upstream.domainHint),
            ])
    }

    /// Finds a sign-in in the browser that began it.
    func find(handle: String, browser: BrowserBinding, now: Date) async throws -> SignIn? {
        let found = try await database.first(
            """
            select id, return_to, login_hint, presented, user_id, completed, offers_present_account, browser_hash, prompt, domain_hint,
                notice, notice_provider
            from sign_ins
            where handle_hash = $1 and expires_at > $2
            """, [.bytes(TokenHash(of: handle).bytes), .timestamp(now)]
        ) { row in
            (try Self.decode(row, handle: handle), TokenHash(stored: try row.bytes(7)))
        }
        guard let (signIn, owner) = found, let owner, browser.holds(owner) else { return nil }
        return signIn
    }

    private static func decode(_ row: PostgresRow, handle: String) throws -> SignIn {
        SignIn(
            id: try row.uuid(0), handle: handle, returnTo: try row.text(1), loginHint: try row.optionalText(2),
            client: try row.optionalJSON(3).flatMap { PresentedClient(try JSONValue(parsing: $0)) },
            offersPresentAccount: try row.bool(6),
            upstream: UpstreamHints(prompt: try row.optionalText(8), domainHint: try row.optionalText(9)),
            notice: try row.optionalText(10).flatMap(FederationNotice.init(rawValue:)), noticeProvider: try row.optionalText(11),
            userID: try row.optionalUUID(4), completed: try row.texts(5))
    }

    /// Records the factors proven so far; after the last step none, so that the handle proves nothing by itself.
    func update(_ id: UUID, userID: UUID?, completed: [String]) async throws {
        try await database.execute(
            "update sign_ins set user_id = $2, completed = $3 where id = $1", [.uuid(id), .optionalUUID(userID), .texts(completed)])
    }

    /// Records why a provider could not sign the person in, for the page; nil: nothing has happened.
    func note(_ id: UUID, notice: FederationNotice?, providerID: String?) async throws {
        try await database.execute(
            "update sign_ins set notice = $2, notice_provider = $3 where id = $1",
            [.uuid(id), .optionalText(notice?.rawValue), .optionalText(providerID)])
    }

    func eraseExpired(now: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from sign_ins where id in (
                select id from sign_ins where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(now), .int(countMax)])
    }
}
