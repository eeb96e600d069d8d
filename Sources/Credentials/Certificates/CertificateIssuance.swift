import Audit
import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime
import X509

/// Our own certificate authority: made once, then issues and revokes, each act with its event in the same transaction.
package struct CertificateIssuance: Sendable {
    /// What the operator allows in a certificate.
    package struct Wish: Sendable {
        package var purpose: IssuedCertificate.Purpose
        /// A client's id, or a server's first name.
        package var commonName: String
        package var names: [CertificateName] = []
        package var lifetime: Duration
        /// With `client`: whom it stands for where it is shown without anything else, and with which of that client's scopes.
        package var clientID: String?
        package var scopes: ScopeSet = []

        package init(purpose: IssuedCertificate.Purpose, commonName: String, lifetime: Duration) {
            self.purpose = purpose
            self.commonName = commonName
            self.lifetime = lifetime
        }
    }

    package struct Issued: Sendable {
        package let serial: String
        /// In DER.
        package let certificate: [UInt8]
        /// PEM, where the key was made here; it is kept nowhere.
        package let privateKey: String?
    }

    /// RFC 5280 appendix A.1: ub-common-name.
    package static let commonNameCharactersMax = 64

    private let database: Database
    private let masterKeys: MasterKeys
    private let directory: CertificateDirectory
    private let audit: AuditStore
    private let randomness: any Randomness
    private let listURL: String

    /// - Parameter listURL: where the revocation list is published.
    package init(
        database: Database, masterKeys: MasterKeys, directory: CertificateDirectory, audit: AuditStore, randomness: any Randomness,
        listURL: String
    ) {
        self.database = database
        self.masterKeys = masterKeys
        self.directory = directory
        self.audit = audit
        self.randomness = randomness
        self.listURL = listURL
    }

    // MARK: The authority

    /// - Returns: the authority's certificate in DER.
    /// - Throws: ``CertificateIssuanceError`` when there is one already; `PostgresError`.
    package func makeAuthority(name: String, permitted: [String], by actor: String, now: Date) async throws -> [UInt8] {
        let signing = try CertificateSigning.makeAuthority(name: name, permitted: permitted, serial: serialNumber(), now: now)
        let row = try row(signing, list: [], number: 1, createdAt: now, now: now)
        do {
            try await database.transaction { transaction in
                try await CertificateStore(transaction).insert(row)
                try await CertificateStore(transaction).announceChange()
                try await audit.insert(AuditEvent(.certificateAuthorityMade, detail: ["by": actor]), now: now, in: transaction)
            }
        } catch let error as PostgresError where error.violatesUnique() {
            throw CertificateIssuanceError("there is a certificate authority already")
        }
        await readBack()
        return signing.certificate
    }

    /// Signs the revocation list anew when half of its time is over. Any number of nodes may ask at once.
    /// - Throws: `PostgresError`, `MasterKeyError`, ``CertificateIssuanceError``.
    package func renew(now: Date) async throws {
        guard let seen = try await CertificateStore(database).findAuthority(), isDue(seen, now: now) else { return }
        try await database.transaction { transaction in
            let store = CertificateStore(transaction)
            guard let row = try await store.findAuthority(isLocked: true), isDue(row, now: now) else { return }
            try await replaceList(row, in: transaction, now: now)
            try await audit.insert(
                AuditEvent(.certificateListSigned, detail: ["number": "\(row.revocationListNumber + 1)"]), now: now, in: transaction)
        }
        await readBack()
    }

    private func isDue(_ row: CertificateStore.AuthorityRow, now: Date) -> Bool {
        row.revocationListExpiresAt < now.addingTimeInterval(CertificateListSigning.lifetime.inSeconds / 2)
    }

    // MARK: Certificates

    /// - Parameter request: PKCS#10 in DER, of which only the key counts; nil to have a key made.
    /// - Throws: ``CertificateIssuanceError``; `PostgresError`.
    package func issue(_ wish: Wish, request: [UInt8]?, by actor: String, now: Date) async throws -> Issued {
        guard let row = try await CertificateStore(database).findAuthority() else { throw Self.noAuthority }
        let signing = try open(row)
        let ownKey = request == nil ? P256.Signing.PrivateKey() : nil
        let publicKey: Certificate.PublicKey
        if let request {
            publicKey = try CertificateSigning.publicKey(ofRequest: request)
        } else if let ownKey {
            publicKey = .init(ownKey.publicKey)
        } else {
            throw CertificateIssuanceError("there is no key")
        }
        guard (1...Self.commonNameCharactersMax).contains(wish.commonName.unicodeScalars.count) else {
            throw CertificateIssuanceError("the common name must have 1 to \(Self.commonNameCharactersMax) characters")
        }
        // A little earlier, for clocks that are behind.
        let der = try signing.sign(
            .init(
                purpose: wish.purpose, commonName: wish.commonName, names: wish.names, notBefore: now - .minutes(5),
                notAfter: now + wish.lifetime, listURL: listURL), publicKey: publicKey, serial: serialNumber())
        let read = try ClientCertificate(parsing: der)
        let issued = IssuedCertificate(
            serial: read.serial, thumbprint: read.thumbprint, purpose: wish.purpose, clientID: wish.clientID, scopes: wish.scopes,
            names: ["CN=\(wish.commonName)"] + wish.names.map(\.description), expiresAt: read.notAfter, createdAt: now)
        try await database.transaction { transaction in
            try await CertificateStore(transaction).insert(issued)
            try await audit.insert(event(.certificateIssued, issued, by: actor), now: now, in: transaction)
        }
        return Issued(serial: issued.serial, certificate: der, privateKey: ownKey?.pemRepresentation)
    }

    /// The list that says so is signed and published in the same transaction, and every node hears of it.
    /// - Returns: whether the certificate held until now.
    /// - Throws: ``CertificateIssuanceError`` for one that was not issued here; `PostgresError`.
    package func revoke(_ serial: String, reason: CertificateRevocationReason, by actor: String, now: Date) async throws -> Bool {
        let isRevoked = try await database.transaction { transaction in
            let store = CertificateStore(transaction)
            guard let row = try await store.findAuthority(isLocked: true) else { throw Self.noAuthority }
            guard let certificate = try await store.find(serial: serial) else {
                throw CertificateIssuanceError("no certificate \(serial) was issued here")
            }
            guard try await store.revoke(serial, reason: reason, now: now) else { return false }
            try await replaceList(row, in: transaction, now: now)
            var event = event(.certificateRevoked, certificate, by: actor)
            event.detail["reason"] = reason.rawValue
            try await audit.insert(event, now: now, in: transaction)
            return true
        }
        await readBack()
        return isRevoked
    }

    // MARK: Inside

    /// What was committed is so, and every node has been told: if this one can't read it now, its job will.
    private func readBack() async {
        try? await directory.load()
    }

    private func replaceList(_ row: CertificateStore.AuthorityRow, in transaction: any Queryable, now: Date) async throws {
        let store = CertificateStore(transaction)
        let replaced = try self.row(
            try open(row), list: try await store.listRevoked(now: now), number: row.revocationListNumber + 1, createdAt: row.createdAt,
            now: now)
        try await store.update(replaced)
        try await store.announceChange()
    }

    private func row(
        _ signing: CertificateSigning, list: [IssuedCertificate], number: Int, createdAt: Date, now: Date
    ) throws -> CertificateStore.AuthorityRow {
        let nextUpdate = now + CertificateListSigning.lifetime
        return CertificateStore.AuthorityRow(
            sealedCertificate: try seal(signing.certificate, "certificate"), sealedPrivateKey: try seal(signing.privateKey, "private_key"),
            revocationList: try CertificateListSigning.sign(
                list, authority: signing.certificate, privateKey: signing.encodedPrivateKey, number: number, now: now,
                nextUpdate: nextUpdate),
            revocationListNumber: number, revocationListExpiresAt: nextUpdate, createdAt: createdAt)
    }

    private func seal(_ bytes: [UInt8], _ column: String) throws -> [UInt8] {
        try masterKeys.seal(
            bytes, table: CertificateStore.authorityTable, column: column, row: CertificateStore.authorityID, randomness: randomness)
    }

    private func open(_ row: CertificateStore.AuthorityRow) throws -> CertificateSigning {
        try CertificateSigning(
            certificate: try row.openCertificate(masterKeys),
            privateKey: try masterKeys.open(
                row.sealedPrivateKey, table: CertificateStore.authorityTable, column: "private_key", row: CertificateStore.authorityID))
    }

    /// 128 random bits, positive and of full length (RFC 5280 §4.1.2.2).
    private func serialNumber() -> [UInt8] {
        var bytes = randomness.bytes(16)
        bytes[0] = bytes[0] & 0x7F | 0x40
        return bytes
    }

    private func event(_ kind: AuditEvent.Kind, _ certificate: IssuedCertificate, by actor: String) -> AuditEvent {
        AuditEvent(
            kind, clientID: certificate.clientID,
            detail: ["serial": certificate.serial, "purpose": certificate.purpose.rawValue, "by": actor])
    }

    private static let noAuthority = CertificateIssuanceError("there is no certificate authority: run gatehouse certificates init")
}

extension CertificateStore.AuthorityRow {
    /// - Returns: the certificate in DER.
    func openCertificate(_ masterKeys: MasterKeys) throws(MasterKeyError) -> [UInt8] {
        try masterKeys.open(
            sealedCertificate, table: CertificateStore.authorityTable, column: "certificate", row: CertificateStore.authorityID)
    }
}

extension AuditEvent.Kind {
    package static let certificateAuthorityMade = Self("certificate_authority.made")
    package static let certificateListSigned = Self("certificate_authority.list_signed")
    package static let certificateIssued = Self("certificate.issued")
    package static let certificateRevoked = Self("certificate.revoked")
    package static let certificateRefused = Self("certificate.refused")
}
