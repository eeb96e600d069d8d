import NIOCore
import Testing

@testable import Web

@Suite struct AddressNumberTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("64:ff9b::192.0.2.7", "64:ff9b::c000:207"),
    ])
    func `an address is read and written`(text: String, written: String) throws {
        #expect(try #require(AddressNumber(parsing: text)).description == written)
    }

    @Test(arguments: [
        "", "192.0.2", "192.0.2.256", "192.0.2.07", "[::1]", "::1%eth0", "1.2.3.4:5", "example.org", "::1\u{0}", ":::", "1::2::3",
    ])
    func `what is no address is none`(text: String) {
        #expect(AddressNumber(parsing: text) == nil)
    }

    @Test func `a socket's address is the same as its text`() throws {
        for text in ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"] {
            let socket = try SocketAddress(ipAddress: text, port: 443)
            #expect(AddressNumber(socket) == AddressNumber(parsing: text))
        }
        #expect(AddressNumber(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }

    @Test func `networks hold their addresses and no others`() throws {
        let network = try #require(AddressNetwork(parsing: "2001:db8:8000::/33"))
        #expect(network.contains("2001:db8:ffff::1"))
        #expect(!network.contains("2001:db8:7fff::1"))
        #expect(!network.contains("128.0.0.1"))
        #expect(try #require(AddressNetwork(parsing: "0.0.0.0/0")).contains("::ffff:1.2.3.4"))
        #expect(!(try #require(AddressNetwork(parsing: "::/0")).contains("1.2.3.4")))
        #expect(try #require(AddressNetwork(parsing: "::/0")).contains("ff02::1"))
    }
}
