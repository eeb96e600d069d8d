import Testing

@testable import Postgres

@Suite struct ArchiveTests {
    @Test func `dump programs are given what they need, and no secret that some variable holds`() {
        for name in ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "PGSSLROOTCERT", "SSL_CERT_FILE", "KRB5CCNAME"] {
            #expect(PostgresArchive.isPassedOn(name), "\(name)")
        }
        for name in ["GATEHOUSE_MASTER_KEYS", "GOOGLE_CLIENT_SECRET", "CORP_KEY", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "PATHS"] {
            #expect(!PostgresArchive.isPassedOn(name), "\(name)")
        }
    }
}
