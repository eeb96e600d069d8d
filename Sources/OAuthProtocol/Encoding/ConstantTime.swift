/// Comparison whose time doesn't tell where two secrets differ.
package enum ConstantTime {
    /// Looks at every byte of both inputs. Only the lengths may show in the time taken; those of our secrets are no secret.
    package static func equal(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(a, b) { difference |= left ^ right }
        return difference == 0
    }

    /// As above, over the UTF-8 bytes of two texts.
    package static func equal(_ a: String, _ b: String) -> Bool {
        equal(a.utf8, b.utf8)
    }
}
