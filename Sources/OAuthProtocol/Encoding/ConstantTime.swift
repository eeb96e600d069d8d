/// Comparison whose time doesn't tell where two secrets differ.
package enum ConstantTime {
    /// Looks at every byte of both inputs. Only the lengths may show in the time taken; those of our secrets are no secret.
    package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in equal(a, b) } }
    }

    /// As above, over the UTF-8 bytes of two texts.
    package static func equal(_ a: String, _ b: String) -> Bool {
        equal(Array(a.utf8), Array(b.utf8))
    }

    // Not generic: nothing specialises a generic function for callers in other modules, and this one runs for every request.
    private static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for index in a.indices { difference |= a[index] ^ b[index] }
        return difference == 0
    }
}
