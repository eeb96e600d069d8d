/// Scope tokens (RFC 6749 §3.3): each once, in the order in which they were asked for. Equality ignores that order.
package struct ScopeSet: Sendable {
    /// The tokens in order.
    package let array: [String]

    package static let countMax = 100
    package static let openID = "openid"
    package static let offlineAccess = "offline_access"

    /// Reads the `scope` parameter.
    /// - Throws: `invalid_scope` for a character outside the grammar or too many tokens.
    package init(parsing text: String) throws(OAuthError) {
        try self.init(validating: text.utf8.split(separator: 0x20).map { String(Substring($0)) })
    }

    /// Tokens that came one by one.
    /// - Throws: `invalid_scope`, as above.
    package init(validating tokens: [String]) throws(OAuthError) {
        guard tokens.count <= Self.countMax else { throw .invalidScope("The scope has too many values.") }
        guard tokens.allSatisfy(Self.isToken) else { throw .invalidScope("The scope holds a value that is not a scope token.") }
        self.init(tokens)
    }

    /// Tokens that are known to be well formed: constants, or read back from our own database.
    package init(_ tokens: some Sequence<String>) {
        var unique: [String] = []
        for token in tokens where !unique.contains(token) { unique.append(token) }
        array = unique
    }

    package var isEmpty: Bool { array.isEmpty }
    package var count: Int { array.count }

    package func contains(_ token: String) -> Bool { array.contains(token) }
    package func isSubset(of other: ScopeSet) -> Bool { array.allSatisfy(other.contains) }
    package func subtracting(_ other: ScopeSet) -> ScopeSet { filter { !other.contains($0) } }
    package func intersection(_ other: ScopeSet) -> ScopeSet { filter(other.contains) }
    package func union(_ other: ScopeSet) -> ScopeSet { ScopeSet(array + other.array) }
    package func filter(_ isIncluded: (String) -> Bool) -> ScopeSet { ScopeSet(array.filter(isIncluded)) }

    /// `1*NQCHAR`: `%x21 / %x23-5B / %x5D-7E`.
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 == 0x21 || (0x23...0x5B).contains($0) || (0x5D...0x7E).contains($0) }
    }
}

extension ScopeSet: Hashable {
    package static func == (a: ScopeSet, b: ScopeSet) -> Bool {
        a.count == b.count && a.isSubset(of: b)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(Set(array))
    }
}

extension ScopeSet: CustomStringConvertible, ExpressibleByArrayLiteral {
    /// As the `scope` parameter spells it.
    package var description: String {
        // Not `joined`: the library's walks it as any sequence of any collection, which costs more for one scope than this for ten.
        var text = array.first ?? ""
        for token in array.dropFirst() {
            text += " "
            text += token
        }
        return text
    }

    package init(arrayLiteral elements: String...) {
        self.init(elements)
    }
}
