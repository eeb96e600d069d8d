import Testing
import Web

@Suite struct AddressKeyTests {
    @Test func `an IPv6 address counts with all of its /64`() {
        #expect(AddressKey.make("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64")
        #expect(AddressKey.make("2001:db8:1:2::") == AddressKey.make("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(AddressKey.make("2001:db8:1:2::1") != AddressKey.make("2001:db8:1:3::1"))
        #expect(AddressKey.make("fe80::1%eth0") == AddressKey.make("fe80::2%eth1"))
    }

    @Test func `an IPv4 address counts alone, also when it is written as IPv6`() {
        #expect(AddressKey.make("192.0.2.1") == "192.0.2.1")
        #expect(AddressKey.make("::ffff:192.0.2.1") == "192.0.2.1")
        #expect(AddressKey.make("192.0.2.1") != AddressKey.make("192.0.2.2"))
    }

    @Test func `what is no address is its own key`() {
        #expect(AddressKey.make("unknown") == "unknown")
        #expect(AddressKey.make("::gg") == "::gg")
    }
}
