import Audit
import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Postgres
import Runtime
import Synchronization

/// Judges presented certificates, and knows whom those of our own authority stand for. All in memory: a certificate that was seen before
/// costs one hash.
///
/// Authorities and lists come from files that the operator names and from our own authority in the database; when either changes, every
/// judgement is made anew.
package final class CertificateDirectory: Sendable {
    package static let staleAfter: Duration = .seconds(5)
    static let verdictsMax = 10_000
    /// How long a judgement is kept at most; it never outlives the certificates and lists that it rests on.
    static let verdictLifetime: Duration = .seconds(60)

    /// Paths of PEM or DER files.
    package struct Files: Sendable, Equatable {
        package var authorities: [String] = []
        package var revocationLists: [String] = []

        package init() {}
    }

    /// Our own authority's public half.
    package struct Authority: Sendable, Equatable {
        /// In DER.
        package let certificate: [UInt8]
        /// Signed, in DER.
        package let revocationList: [UInt8]
        package let revocationListExpiresAt: Date
    }

    private struct Verdict {
        let result: Result<CertificateTrust.Judged, CertificateRefusal>
        let until: Date
    }

    private struct Owner {
        let certificate: IssuedCertificate
        let loadedAt: Date
    }

    private struct State {
        var trust: CertificateTrust?
        var authority: Authority?
        var authorityThumbprint: CertificateThumbprint?
        /// What trust was made from.
        var source = Source()
        /// What the files held when they were last good.
        var files: Source?
        var verdicts: [[UInt8]: Verdict] = [:]
        var owners: [CertificateThumbprint: Owner] = [:]
        /// Raised with every change, so that what was judged before it is not kept after it.
        var generation = 0
        var lastTicket = 0
        var loadedTicket = 0
        /// Something has changed that could not be read yet.
        var isStale = false
        var isListening = false
    }

    private struct Source: Equatable {
        var authorities: [[UInt8]] = []
        var lists: [[UInt8]] = []
    }

    private let database: any Queryable
    private let masterKeys: MasterKeys
    private let files: Files
    private let tally: AuditTally
    private let state = Mutex(State())

    package init(database: any Queryable, masterKeys: MasterKeys, files: Files, tally: AuditTally) {
        self.database = database
        self.masterKeys = masterKeys
        self.files = files
        self.tally = tally
    }

    /// Our own authority, if there is one.
    package var authority: Authority? { state.withLock { $0.authority } }

    /// Whether anything can be vouched for.
    package var hasAuthorities: Bool { state.withLock { $0.trust?.isEmpty == false } }

    // MARK: Judgement

    /// - Parameter chain: in DER, the client's own first.
    /// - Throws: ``CertificateRefusal``, which has been counted for the audit log.
    package func judge(_ chain: [[UInt8]], clientID: String?, now: Date) throws(CertificateRefusal) -> CertificateTrust.Judged {
        do {
            return try verdict(chain, now: now).get()
        } catch {
            throw refuse(error, clientID: clientID)
        }
    }

    /// Whether one of the named authorities vouches for a certificate, itself or through others.
    /// - Parameter names: empty: any that this server trusts will do.
    package func isVouchedFor(_ judged: CertificateTrust.Judged, by names: [CertificateAuthorityName]) -> Bool {
        guard !names.isEmpty else { return true }
        let local = state.withLock { $0.authorityThumbprint }
        return names.contains { name in
            switch name {
            case .local: local.map(judged.authorities.contains) ?? false
            case .thumbprint(let thumbprint): judged.authorities.contains(thumbprint)
            }
        }
    }

    /// Counts a refusal for the audit log.
    package func refuse(_ refusal: CertificateRefusal, clientID: String?) -> CertificateRefusal {
        tally.count(.certificateRefused, clientID: clientID, reason: refusal.rawValue)
        return refusal
    }

    private func verdict(_ chain: [[UInt8]], now: Date) -> Result<CertificateTrust.Judged, CertificateRefusal> {
        guard !chain.isEmpty else { return .failure(.missing) }
        // The whole chain: the same certificate may come with and without those that vouch for it.
        var hash = SHA256()
        for der in chain {
            withUnsafeBytes(of: UInt64(der.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: der)
        }
        let key = Array(hash.finalize())
        let (held, trust, generation) = state.withLock { ($0.verdicts[key], $0.trust, $0.generation) }
        if let held, now < held.until { return held.result }
        guard let trust else { return .failure(.unknownAuthority) }
        let result = Result { () throws(CertificateRefusal) in try trust.judge(chain, now: now) }
        var until = now + Self.verdictLifetime
        if case .success(let judged) = result { until = min(until, judged.validUntil) }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.verdicts.count >= Self.verdictsMax { state.verdicts.removeAll(keepingCapacity: true) }
            state.verdicts[key] = Verdict(result: result, until: until)
        }
        return result
    }

    /// Whom a certificate of our own authority stands for.
    /// - Returns: nil for a certificate of another authority, and for one that is on no record.
    /// - Throws: `PostgresError`.
    package func findOwner(of judged: CertificateTrust.Judged, now: Date) async throws -> IssuedCertificate? {
        let thumbprint = judged.certificate.thumbprint
        let (isOurs, held, generation) = state.withLock { state in
            (
                state.authorityThumbprint == judged.issuer,
                state.owners[thumbprint].flatMap { state.isListening || now < $0.loadedAt + Self.staleAfter ? $0.certificate : nil },
                state.generation
            )
        }
        guard isOurs else { return nil }
        if let held { return held }
        guard let found = try await CertificateStore(database).findOwner(thumbprint: thumbprint) else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.owners.count >= Self.verdictsMax { state.owners.removeAll(keepingCapacity: true) }
            state.owners[thumbprint] = Owner(certificate: found, loadedAt: now)
        }
        return found
    }

    // MARK: Loading

    /// Reads our own authority and the files, and forgets every judgement when something has changed.
    ///
    /// A file that has become unreadable doesn't keep what our own authority revoked from taking effect: what it held before stays.
    /// - Throws: ``CertificateTrustError`` for a file that can't be used, `MasterKeyError`, `PostgresError`; then it is to be tried again.
    package func load() async throws {
        let (ticket, held) = state.withLock { state in
            state.lastTicket += 1
            state.isStale = true
            return (state.lastTicket, state.files)
        }
        let row = try await CertificateStore(database).findAuthority()
        let authority = try row.map { row in
            Authority(
                certificate: try row.openCertificate(masterKeys), revocationList: row.revocationList,
                revocationListExpiresAt: row.revocationListExpiresAt)
        }
        let read = Result { try Self.readFiles(files, held: held) }
        guard let contents = (try? read.get()) ?? held else { return _ = try read.get() }
        try install(authority, contents, ticket: ticket)
        _ = try read.get()
    }

    /// Reads again what may have changed without anybody saying so.
    package func reloadWhereNobodyTells() async throws {
        let isNeeded = state.withLock { $0.isStale || !$0.isListening } || files != Files()
        if isNeeded { try await load() }
    }

    /// Opens files and judges what they hold, as the server does at its start.
    /// - Throws: ``CertificateTrustError`` for the first that can't be used.
    package static func check(_ files: Files) throws {
        _ = try readFiles(files, held: nil)
    }

    private static func readFiles(_ files: Files, held: Source?) throws -> Source {
        let source = Source(
            authorities: try files.authorities.flatMap { try read($0, label: "CERTIFICATE", bytesMax: 1_048_576) },
            lists: try files.revocationLists.flatMap {
                try read($0, label: "X509 CRL", bytesMax: CertificateRevocationList.bytesMax)
            })
        // Whatever is in them that libcrypto refuses, it refuses here.
        if source != held { _ = try CertificateTrust(authorities: source.authorities, revocationLists: source.lists) }
        return source
    }

    private func install(_ authority: Authority?, _ contents: Source, ticket: Int) throws {
        var source = contents
        if let authority {
            source.authorities.append(authority.certificate)
            source.lists.append(authority.revocationList)
        }
        let isSame = state.withLock { $0.source == source && $0.trust != nil }
        let trust = isSame ? nil : try CertificateTrust(authorities: source.authorities, revocationLists: source.lists)
        state.withLock { state in
            // Revocation and erasure of clients change owners without changing trust.
            state.owners.removeAll(keepingCapacity: true)
            state.generation += 1
            // Somebody who began later has seen as much or more.
            guard ticket > state.loadedTicket else { return }
            state.loadedTicket = ticket
            state.files = contents
            state.authority = authority
            if ticket == state.lastTicket { state.isStale = false }
            guard let trust else {
                // Another has put something else there since it was compared.
                state.isStale = state.isStale || state.source != source
                return
            }
            state.trust = trust
            state.source = source
            state.authorityThumbprint = authority.map { CertificateThumbprint(of: $0.certificate) }
            state.verdicts.removeAll(keepingCapacity: true)
        }
    }

    private static func read(_ path: String, label: String, bytesMax: Int) throws -> [[UInt8]] {
        guard let data = FileManager.default.contents(atPath: path), data.count <= bytesMax else {
            throw CertificateTrustError("the file \(path) can not be read")
        }
        guard let blocks = CertificatePEM.decode(Array(data), labels: [label]), !blocks.isEmpty else {
            throw CertificateTrustError("the file \(path) holds no \(label)")
        }
        return blocks
    }

    /// Says whether changes are being announced to this node.
    package func setListening(_ isListening: Bool) {
        state.withLock { state in
            state.isListening = isListening
            state.owners.removeAll(keepingCapacity: true)
        }
    }
}
