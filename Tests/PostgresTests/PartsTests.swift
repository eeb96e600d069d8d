import FoundationEssentials
import Testing

@testable import Postgres

@Suite("Parts")
struct PartsTests {
    @Test("pauses double up to their maximum, with jitter of at most half")
    func backoff() {
        var backoff = Backoff(min: .milliseconds(50), max: .seconds(5), seed: 42)
        var whole: Duration = .milliseconds(50)
        for _ in 0..<100 {
            let pause = backoff.next()
            #expect(pause >= whole / 2 && pause <= whole)
            whole = min(whole * 2, .seconds(5))
        }
        backoff.reset()
        let result1 = backoff.next() <= .milliseconds(50)
        #expect(result1)
    }

    @Test("the least recently used statement gives way")
    func statementCache() {
        var cache = StatementCache()
        for number in 0..<StatementCache.countMax {
            let result2 = cache.find("q\(number)", types: [25]) == .unknown(name: "g\(number + 1)", evicted: nil)
            #expect(result2)
        }
        let result3 = cache.find("q0", types: [25]) == .known(name: "g1")
        #expect(result3)
        let result4 = cache.find("new", types: [25]) == .unknown(name: "g257", evicted: "g2")
        #expect(result4)
        let result5 = cache.find("q0", types: [20]) == .unknown(name: "g258", evicted: "g3")
        #expect(result5)
        cache.remove("q0", name: "g1")
        #expect(cache.count == StatementCache.countMax - 1)
        let result6 = cache.find("q0", types: [20]) == .known(name: "g258")
        #expect(result6)
    }

    @Test("connection strings get our defaults beneath their own words")
    func parameters() throws {
        var settings = PostgresSettings(connectionString: "postgres://u:p@h:1/d?application_name=x&sslmode=verify-full")
        let values = try ConnectionParameters(settings).values
        #expect(values["host"] == "h")
        #expect(values["application_name"] == "x")
        #expect(values["sslmode"] == "verify-full")
        #expect(values["options"]?.contains("statement_timeout=10000") == true)
        settings.preparedStatements = false
        #expect(try ConnectionParameters(settings).values["options"] == nil)
        settings.directConnectionString = "host=direct"
        #expect(try ConnectionParameters(settings, direct: true).values["host"] == "direct")
        #expect(try ConnectionParameters(settings, direct: true).values["options"] != nil)
    }

    @Test("each address of a host becomes an entry, paths stay as they are")
    func resolution() throws {
        let values = try ConnectionParameters(PostgresSettings(connectionString: "host=/run,127.0.0.1,::1 port=1,2,3")).resolved().values
        #expect(values["host"] == "/run,127.0.0.1,::1")
        #expect(values["hostaddr"] == ",127.0.0.1,::1")
        #expect(values["port"] == "1,2,3")
        let path = try ConnectionParameters(PostgresSettings(connectionString: "host=/run")).resolved().values
        #expect(path["hostaddr"] == nil)
        #expect(throws: PostgresError.self) {
            try ConnectionParameters(PostgresSettings(connectionString: "host=gatehouse.invalid")).resolved()
        }
    }

    @Test("which failures are worth another try")
    func errors() {
        #expect(PostgresError(.unavailable("x")).isUnavailable)
        #expect(PostgresError(.timeout("x")).isUnavailable)
        #expect(PostgresError(.queueFull).isUnavailable)
        #expect(!PostgresError(.cancelled).isUnavailable)
        #expect(!PostgresError(.decoding("x")).isUnavailable)
        #expect("\(PostgresError(.unavailable("x"), mayHaveCommitted: true))".contains("may have been committed"))
    }
}
