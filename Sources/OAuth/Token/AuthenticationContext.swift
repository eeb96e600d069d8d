/// How sure a sign-in makes us of the person: the `acr` claim (OpenID Connect Core §2).
enum AuthenticationContext: String, CaseIterable, Sendable {
    /// One factor.
    case singleFactor = "urn:gatehouse:acr:1"

    /// - Parameter methods: the `amr` values of a sign-in (RFC 8176).
    static func judge(methods: [String]) -> AuthenticationContext { .singleFactor }
}
