/// `application_type` (OpenID Connect Registration §2).
package enum ApplicationType: String, Sendable, CaseIterable, Hashable {
    case web
    case native
}
