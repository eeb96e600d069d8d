import HTTPTypes
import OAuthProtocol
import Testing
import Web

@Suite struct RateLimitStandingTests {
    private func standing(_ policy: String, _ remaining: Int, of quota: Int) -> RateLimitStanding {
        RateLimitStanding(policy: policy, quota: quota, windowSeconds: 60, remaining: remaining, resetSeconds: 30)
    }

    @Test func `the fields are structured fields as the draft has them`() throws {
        var fields: HTTPFields = [:]
        standing("token-client", 50, of: 100).append(to: &fields)
        let policy = try #require(fields[.rateLimitPolicy])
        let state = try #require(fields[.rateLimit])
        #expect(policy == #""token-client";q=100;w=60"#)
        #expect(state == #""token-client";r=50;t=30"#)
        for text in [policy, state] { #expect(try StructuredList(parsing: text.utf8).members.count == 1) }
    }

    @Test func `the one with the smallest part left is kept`() {
        let notes = RequestNotes()
        #expect(notes.closest == nil)
        notes.note(standing("a", 50, of: 100))
        notes.note(standing("b", 60, of: 1_000))
        notes.note(standing("c", 9, of: 10))
        #expect(notes.closest?.policy == "b")
        notes.note(standing("d", 0, of: 1))
        #expect(notes.closest?.policy == "d")
    }
}
