import Outbound
import Testing
import Web

@Suite struct PrivateAddressesTests {
    @Test(arguments: [
        "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
        "ff02::1",
        "2001:db8::1", "4000::1", "100::1", "1::1", "e000::1", "5f00::1",
    ])
    func `an address of this machine or of the network around it is private`(_ text: String) throws {
        #expect(PrivateAddresses.contains(try #require(AddressNumber(parsing: text))))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1",
    ])
    func `an address of the Internet is not`(_ text: String) throws {
        #expect(!PrivateAddresses.contains(try #require(AddressNumber(parsing: text))))
    }
}
