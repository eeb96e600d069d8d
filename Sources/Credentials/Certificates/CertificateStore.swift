import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres

/// Our own authority and what it has issued, in the database. Every method throws `PostgresError`.
package struct CertificateStore: Sendable {
    static let authorityTable = "certificate_authorities"
    /// There is one.
    static let authorityID = "local"

    /// The authority as it is stored: certificate and key sealed, the certificate so that one written by somebody else is never trusted.
    struct AuthorityRow: Sendable {
        var sealedCertificate: [UInt8]
        var sealedPrivateKey: [UInt8]
        /// Signed, in DER.
        var revocationList: [UInt8]
        var revocationListNumber: Int
        var revocationListExpiresAt: Date
        var createdAt: Date
    }

    private static let columns = """
        serial, thumbprint, purpose, certificates.client_id, certificates.scopes, names, expires_at, revoked_at, revoked_reason,
        certificates.created_at
        """

    private let database: any Queryable

    package init(_ database: any Queryable) {
        self.database = database
    }

    // MARK: The authority

    /// - Parameter isLocked: keeps others from changing it until the transaction ends.
    func findAuthority(isLocked: Bool = false) async throws -> AuthorityRow? {
        try await database.first(
            """
            select certificate, private_key, revocation_list, revocation_list_number, revocation_list_expires_at, created_at
            from certificate_authorities where id = $1 \(isLocked ? "for update" : "")
            """, [.text(Self.authorityID)]
        ) { row in
            AuthorityRow(
                sealedCertificate: try row.bytes(0), sealedPrivateKey: try row.bytes(1), revocationList: try row.bytes(2),
                revocationListNumber: try row.int(3), revocationListExpiresAt: try row.date(4), createdAt: try row.date(5))
        }
    }

    func insert(_ authority: AuthorityRow) async throws {
        try await database.execute(
            """
            insert into certificate_authorities (id, certificate, private_key, revocation_list, revocation_list_number,
                revocation_list_expires_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            """, Self.values(authority) + [.timestamp(authority.createdAt)])
    }

    func update(_ authority: AuthorityRow) async throws {
        try await database.execute(
            """
            update certificate_authorities set certificate = $2, private_key = $3, revocation_list = $4, revocation_list_number = $5,
                revocation_list_expires_at = $6
            where id = $1
            """, Self.values(authority))
    }

    private static func values(_ authority: AuthorityRow) -> [PostgresValue] {
        [
            .text(authorityID), .bytes(authority.sealedCertificate), .bytes(authority.sealedPrivateKey), .bytes(authority.revocationList),
            .int(authority.revocationListNumber), .timestamp(authority.revocationListExpiresAt),
        ]
    }

    // MARK: What it issued

    func insert(_ certificate: IssuedCertificate) async throws {
        try await database.execute(
            """
            insert into certificates (serial, thumbprint, purpose, client_id, scopes, names, expires_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .text(certificate.serial), .bytes(certificate.thumbprint.bytes), .text(certificate.purpose.rawValue),
                .optionalText(certificate.clientID), .texts(certificate.scopes.array), .texts(certificate.names),
                .timestamp(certificate.expiresAt), .timestamp(certificate.createdAt),
            ])
    }

    package func find(serial: String) async throws -> IssuedCertificate? {
        try await database.first("select \(Self.columns) from certificates where serial = $1", [.text(serial)], Self.decode)
    }

    /// What a client's certificate stands for, unless it is revoked.
    func findOwner(thumbprint: CertificateThumbprint) async throws -> IssuedCertificate? {
        try await database.first(
            "select \(Self.columns) from certificates where thumbprint = $1 and purpose = 'client' and revoked_at is null",
            [.bytes(thumbprint.bytes)], Self.decode)
    }

    /// - Parameter after: the last serial of the previous page.
    package func list(after: String = "", countMax: Int = 100) async throws -> [IssuedCertificate] {
        try await database.all(
            "select \(Self.columns) from certificates where serial > $1 order by serial limit $2", [.text(after), .int(countMax)],
            Self.decode)
    }

    /// What belongs on the revocation list: everything revoked that has not expired of itself.
    func listRevoked(now: Date) async throws -> [IssuedCertificate] {
        try await database.all(
            "select \(Self.columns) from certificates where revoked_at is not null and expires_at > $1 order by revoked_at, serial",
            [.timestamp(now)], Self.decode)
    }

    /// - Returns: whether it held until now.
    func revoke(_ serial: String, reason: CertificateRevocationReason, now: Date) async throws -> Bool {
        try await database.execute(
            "update certificates set revoked_at = $2, revoked_reason = $3 where serial = $1 and revoked_at is null",
            [.text(serial), .timestamp(now), .text(reason.rawValue)]) == 1
    }

    /// Deletes a batch of certificates that expired before `before`.
    package func eraseExpired(before: Date, countMax: Int) async throws -> Int {
        try await database.execute(
            """
            delete from certificates where serial in (
                select serial from certificates where expires_at < $1 order by expires_at limit $2 for update skip locked)
            """, [.timestamp(before), .int(countMax)])
    }

    /// Tells every node, when the transaction commits, that the authority has changed or revoked something.
    func announceChange() async throws {
        try await database.execute("select pg_notify('gatehouse', 'certificates')", [])
    }

    private static func decode(_ row: PostgresRow) throws -> IssuedCertificate {
        guard let thumbprint = CertificateThumbprint(stored: try row.bytes(1)),
            let purpose = IssuedCertificate.Purpose(rawValue: try row.text(2))
        else { throw PostgresError(.decoding("certificates holds a short thumbprint or an unknown purpose")) }
        var certificate = IssuedCertificate(
            serial: try row.text(0), thumbprint: thumbprint, purpose: purpose, clientID: try row.optionalText(3),
            scopes: ScopeSet(try row.texts(4)), names: try row.texts(5), expiresAt: try row.date(6), createdAt: try row.date(9))
        certificate.revokedAt = try row.optionalDate(7)
        certificate.revokedReason = try row.optionalText(8).flatMap(CertificateRevocationReason.init(rawValue:))
        return certificate
    }
}

extension SealedTable {
    package static let certificateAuthorities = SealedTable(
        CertificateStore.authorityTable, columns: ["certificate", "private_key"], row: "id")
}
