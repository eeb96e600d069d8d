import Crypto

/// The digests of a message's content (RFC 9530 §2).
package struct ContentDigest: Sendable, Equatable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256 = "sha-256"
        case sha512 = "sha-512"

        var byteCount: Int { self == .sha256 ? 32 : 64 }

        package func digest(of body: [UInt8]) -> [UInt8] {
            switch self {
            case .sha256: body.withUnsafeBytes(SHA256.bytes)
            case .sha512: Array(SHA512.hash(data: body))
            }
        }
    }

    package static let fieldName = "content-digest"

    /// Those that we know and trust, in the field's order. Never empty.
    package let digests: [(algorithm: Algorithm, bytes: [UInt8])]

    package init(of body: [UInt8], algorithm: Algorithm = .sha256) {
        digests = [(algorithm, algorithm.digest(of: body))]
    }

    /// Reads the combined field. Algorithms that we don't know are passed over, those that are known to be broken (`md5`, `sha`,
    /// `unixsum` …) among them (RFC 9530 §5).
    /// - Throws: `noKnownDigest` where none is left; `malformedField` where the field, or a known digest's length, is wrong.
    package init(parsing field: some Collection<UInt8>) throws(MessageSignatureRefusal) {
        let dictionary: StructuredDictionary
        do {
            dictionary = try StructuredDictionary(parsing: field, limits: .init(bytesMax: 2_048, membersMax: 16, itemsMax: 1))
        } catch .tooLarge {
            throw .fieldTooLarge(Self.fieldName)
        } catch {
            throw .malformedField(Self.fieldName)
        }
        var digests: [(algorithm: Algorithm, bytes: [UInt8])] = []
        for (key, member) in dictionary.entries {
            guard let algorithm = Algorithm(rawValue: key) else { continue }
            guard let bytes = member.item?.value.bytes, bytes.count == algorithm.byteCount else { throw .malformedField(Self.fieldName) }
            digests.append((algorithm, bytes))
        }
        guard !digests.isEmpty else { throw .noKnownDigest }
        self.digests = digests
    }

    /// Whether every digest is that of `body`.
    package func matches(_ body: [UInt8]) -> Bool {
        digests.allSatisfy { ConstantTime.equal($0.algorithm.digest(of: body), $0.bytes) }
    }

    /// The field's value.
    package var text: String {
        StructuredDictionary(digests.map { ($0.algorithm.rawValue, .item(StructuredItem(.bytes($0.bytes)))) }).text
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.digests.elementsEqual(right.digests) { $0.algorithm == $1.algorithm && $0.bytes == $1.bytes }
    }
}
