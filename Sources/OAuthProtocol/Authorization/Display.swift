/// The `display` parameter (OpenID Connect Core §3.1.2.1). All four are shown by the same responsive pages.
package enum Display: String, Sendable, CaseIterable {
    case page
    case popup
    case touch
    case wap

    /// A hint, no more: an unknown value means `page`, and is no error.
    package init(parsing text: String) {
        self = Display(rawValue: text) ?? .page
    }
}
