import Testing
import Web

@Suite struct AddressNetworkTests {
    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.7", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false), ("192.0.2.0/24", "::ffff:192.0.2.7", true),
        ("10.0.0.0/9", "10.127.255.255", true), ("10.0.0.0/9", "10.128.0.0", false), ("::/0", "not an address", false),
    ])
    func `a range holds what it says`(network: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressNetwork(parsing: network)).contains(address) == isInside)
    }

    @Test(arguments: [
        "", "/24", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/024x", "2001:db8::/129", "1.2.3", "a",
    ])
    func `what is no range is refused`(text: String) {
        #expect(AddressNetwork(parsing: text) == nil)
    }

    @Test(arguments: ["192.0.2.0/24", "2001:db8::/32", "::1/128"])
    func `a range prints as it was read`(text: String) throws {
        #expect(try #require(AddressNetwork(parsing: text)).description == text)
    }
}
