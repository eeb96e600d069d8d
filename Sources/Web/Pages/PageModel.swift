import Mustache

/// What a template is filled with: texts, flags, lists and models by name. Nil and empty texts are left
/// out, so `{{#name}}` tells whether there is one.
package struct PageModel: Sendable, ExpressibleByDictionaryLiteral, MustacheParent {
    private var members: [String: any Sendable] = [:]

    package init() {}

    package init(dictionaryLiteral elements: (String, (any Sendable)?)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// A text, a `Bool`, an `Int`, a `PageModel` or an array of those; setting nil or an empty text removes the member.
    package subscript(_ name: String) -> (any Sendable)? {
        get { members[name] }
        set { members[name] = (newValue as? String)?.isEmpty == true ? nil : newValue }
    }

    /// The names of the members, in no order.
    var names: some Collection<String> { members.keys }

    package func child(named name: String) -> Any? { members[name] }

    /// Hidden form fields, in order.
    package static func fields(_ pairs: [(String, String)]) -> [PageModel] {
        pairs.map { ["name": $0.0, "value": $0.1] }
    }
}
