import OAuthProtocol

/// Ways to spoil a form or a query: every field in turn, as bytes on the wire.
package struct BadInput: Sendable, CustomStringConvertible {
    package let field: String
    package let kind: String
    /// `application/x-www-form-urlencoded`.
    package let encoded: String

    package var description: String { "\(field) \(kind)" }

    /// - Parameters:
    ///   - fields: a good request, values unencoded.
    ///   - spoiled: the names to spoil; fields that `fields` lacks are added.
    ///   - bytesMax: how long the whole may become.
    package static func all(of fields: [(String, String)], spoiling spoiled: [String], bytesMax: Int) -> [BadInput] {
        spoiled.flatMap { name in
            let rest = fields.filter { $0.0 != name }
            let value = fields.first { $0.0 == name }?.1 ?? "x"
            func encode(_ raw: [(String, String)]) -> String {
                ((rest.map { ($0.0, escape($0.1)) }) + raw).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
            }
            let length = bytesMax - encode([(name, "")]).utf8.count - 10
            let good = escape(value)
            var inputs = [
                BadInput(field: name, kind: "twice", encoded: encode([(name, good), (name, good)])),
                BadInput(field: name, kind: "twice, once empty", encoded: encode([(name, good), (name, "")])),
                BadInput(field: name, kind: "over-long", encoded: encode([(name, String(repeating: "a", count: length))])),
            ]
            let poisons = [
                ("not UTF-8", "%FF%FE"), ("cut-off UTF-8", "%C3"), ("overlong UTF-8", "%C0%AF"), ("a surrogate", "%ED%A0%80"),
                ("NUL", "%00"), ("CR LF", "%0D%0AX-Injected:%201"), ("LF", "%0A"), ("a tab", "%09"), ("DEL", "%7F"),
                ("a broken escape", "%4"), ("no escape", "%zz"),
            ]
            inputs += poisons.map { kind, poison in BadInput(field: name, kind: kind, encoded: encode([(name, good + poison)])) }
            return inputs
        }
    }

    /// The same request without each of these fields.
    package static func missing(_ names: [String], of fields: [(String, String)]) -> [BadInput] {
        names.map { name in
            BadInput(
                field: name, kind: "missing",
                encoded: fields.filter { $0.0 != name }.map { "\($0.0)=\(escape($0.1))" }.joined(separator: "&"))
        }
    }

    private static func escape(_ text: String) -> String {
        String(Parameters.encode([("", text)]).dropFirst())
    }
}
