/// A secret in its readable form. It never prints itself; whoever needs it asks for `text`.
package struct SecretText: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let mask = "••••"

    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { Self.mask }
    package var debugDescription: String { Self.mask }
    // `dump` and string interpolation of an enclosing struct read the mirror, so it is empty.
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
