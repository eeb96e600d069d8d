import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A password as the bytes that are hashed, wiped when the last holder lets go. The `String` it came from can't be: Swift may have
/// copied it.
///
/// Unicode is normalised to NFC, and spaces of any kind are the ASCII space, after the OpaqueString profile of RFC 8265 §4.2: one
/// password typed on two keyboards is one password. NFKC is not used, as it takes characters for the same that people see as different.
///
/// `@unchecked Sendable`: the bytes are written in `init` and, once a hasher thread has taken the object, by that thread alone.
final class PasswordBytes: @unchecked Sendable {
    static let bytesMax = 1_024

    private let storage: UnsafeMutableBufferPointer<UInt8>

    /// - Returns: nil when the text, as given or normalised, is longer than `bytesMax`.
    init?(_ password: String) {
        guard password.utf8.count <= Self.bytesMax else { return nil }
        var prepared = Self.prepare(password)
        let count = prepared.utf8.count
        guard count <= Self.bytesMax else { return nil }
        storage = .allocate(capacity: Swift.max(1, count))
        storage.initialize(repeating: 0)
        length = count
        prepared.withUTF8 { bytes in
            if let base = bytes.baseAddress { storage.baseAddress?.update(from: base, count: count) }
        }
    }

    private let length: Int

    deinit {
        wipe()
        storage.deallocate()
    }

    func withBytes<R>(_ body: (UnsafeMutableBufferPointer<UInt8>) throws -> R) rethrows -> R {
        try body(UnsafeMutableBufferPointer(rebasing: storage[..<length]))
    }

    private func wipe() {
        guard let base = storage.baseAddress else { return }
        #if canImport(Glibc) || canImport(Musl)
            explicit_bzero(base, storage.count)
        #else
            memset_s(base, storage.count, 0, storage.count)
        #endif
    }

    static func prepare(_ password: String) -> String {
        if password.utf8.allSatisfy({ $0 < 0x80 }) { return password }
        var spaced = String.UnicodeScalarView()
        for scalar in password.unicodeScalars {
            spaced.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
        }
        return String(spaced).precomposedStringWithCanonicalMapping
    }
}
