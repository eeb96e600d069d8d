import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import Web

@Suite struct ProxyTrustTests {
    private static let networks = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressNetwork(parsing: $0) }
    private static let listed = ProxyTrust(networks: networks, addressField: .xForwardedFor)
    private static let standard = ProxyTrust(networks: networks, addressField: .forwarded)

    private func client(_ trust: ProxyTrust, _ headers: HTTPFields) -> String? {
        trust.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers).client?.description
    }

    private func refusals(_ trust: ProxyTrust, _ headers: HTTPFields) -> [ProxyVerdict.Refusal] {
        trust.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers).refusals
    }

    @Test(arguments: [
        (["203.0.113.9"], "203.0.113.9"),
        // The client's own words stand left of what the proxies wrote.
        (["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.0.0.2, 10.9.9.9"], "203.0.113.9"),
        (["192.0.2.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::1]:4711"], "2001:db8::1"), (["[2001:db8::1]"], "2001:db8::1"), (["2001:db8::1"], "2001:db8::1"),
        (["2001:db8::1, fd00::5"], "2001:db8::1"), (["::ffff:203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
        ([" \t203.0.113.9\t , ,"], "203.0.113.9"),
        // Whatever a stranger writes in front, it isn't read.
        (["\"unclosed, 203.0.113.9"], "203.0.113.9"), (["a\\\", 203.0.113.9"], "203.0.113.9"), (["nonsense, 203.0.113.9"], "203.0.113.9"),
    ])
    func `behind a listed proxy the client is the first address from the right that is no proxy's`(lines: [String], expected: String) {
        var headers: HTTPFields = [:]
        for line in lines { headers.append(HTTPField(name: .xForwardedFor, value: line)) }
        let verdict = Self.listed.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers)
        #expect(verdict == ProxyVerdict(client: AddressNumber(parsing: expected)))
    }

    @Test(arguments: [
        ("for=203.0.113.9", "203.0.113.9"), ("For=\"203.0.113.9:80\";proto=https;by=10.0.0.1", "203.0.113.9"),
        ("for=192.0.2.1, for=203.0.113.9;host=\"a,b;c\", for=10.0.0.2", "203.0.113.9"),
        ("for=\"[2001:db8::1]\"", "2001:db8::1"), ("for=\"[2001:db8::1]:_port\"", "2001:db8::1"), ("for=203.0.113.9:_x-1", "203.0.113.9"),
        ("for=\"evil, for=203.0.113.9", "203.0.113.9"), ("by=\"\\\\\", for=\"203.0.113.9\"", "203.0.113.9"),
        ("for=192.0.2.1;by=\", for=203.0.113.9", "203.0.113.9"),
    ])
    func `Forwarded says the same in its own way`(line: String, expected: String) {
        #expect(client(Self.standard, [.forwarded: line]) == expected)
    }

    @Test(arguments: [
        "unknown", "_hidden", "203.0.113.9, unknown", "203.0.113.999", "203.0.113.9:", "[2001:db8::1", "[2001:db8::1]x", "[203.0.113.9]",
        "203.0.113.9:80:90", "203.0.113.9 ,a b", "2001:db8::1%eth0", String(repeating: "1", count: 70),
        Array(repeating: "10.0.0.2", count: 33).joined(separator: ","),
    ])
    func `where a proxy wrote no address, the proxy's own address counts`(line: String) {
        let headers: HTTPFields = [.xForwardedFor: line]
        #expect(client(Self.listed, headers) == nil)
        #expect(refusals(Self.listed, headers) == [.malformedAddress])
    }

    @Test(arguments: [
        "for=unknown", "for=_hidden", "203.0.113.9", "for=203.0.113.9;for=192.0.2.1", "by=203.0.113.9", "for=\"203.0.113.9", "for=", "=",
        "for=\"203.0.113.9\"x", "for=203.0.113.9;\"", "for=\"203.0.113.9\\", ";",
    ])
    func `the same holds for Forwarded`(line: String) {
        #expect(client(Self.standard, [.forwarded: line]) == nil)
        #expect(refusals(Self.standard, [.forwarded: line]) == [.malformedAddress])
    }

    @Test(arguments: ["203.0.113.1", "2001:db8::99", "::ffff:203.0.113.1", "127.0.0.1"])
    func `from any other address the field is ignored and counted`(peer: String) {
        let verdict = Self.listed.judge(peer: AddressNumber(parsing: peer), [.xForwardedFor: "192.0.2.1"])
        #expect(verdict == ProxyVerdict(client: nil, refusals: [.untrustedAddress]))
    }

    @Test func `a peer without an address is no listed one`() {
        #expect(Self.listed.judge(peer: nil, [.xForwardedFor: "192.0.2.1"]).refusals == [.untrustedAddress])
    }

    @Test func `only the field that is configured is read`() {
        let headers: HTTPFields = [.xForwardedFor: "192.0.2.1", .forwarded: "for=203.0.113.9"]
        #expect(Self.listed.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers).client?.description == "192.0.2.1")
        #expect(Self.standard.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers).client?.description == "203.0.113.9")
        let neither = ProxyTrust(networks: Self.networks, addressField: .none)
        #expect(neither.judge(peer: AddressNumber(parsing: "10.0.0.1"), headers) == ProxyVerdict())
        #expect(neither.judge(peer: AddressNumber(parsing: "192.0.2.1"), headers) == ProxyVerdict())
    }

    @Test func `a request that says nothing is judged by its connection`() {
        #expect(Self.listed.judge(peer: AddressNumber(parsing: "10.0.0.1"), [:]) == ProxyVerdict())
        #expect(Self.listed.judge(peer: AddressNumber(parsing: "192.0.2.1"), [:]) == ProxyVerdict())
    }

    @Test func `the context tells the client's address and what limits count it by`() throws {
        let channel = EmbeddedChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: "10.0.0.1", port: 5_000)
        var context = GatehouseContext(source: .init(channel: channel, logger: Logger(label: "test")))
        #expect(context.clientAddress == "10.0.0.1")
        #expect(context.believe(Self.listed, [.xForwardedFor: "2001:db8:1:2:3::4"]) == [])
        #expect(context.clientAddress == "2001:db8:1:2:3::4")
        #expect(context.limitKey == "2001:db8:1:2::/64")
        #expect(context.believe(Self.listed, [.xForwardedFor: "unknown"]) == [.malformedAddress])
        #expect(context.clientAddress == "10.0.0.1")
    }
}
