extension OAuthError {
    /// An error code as clients see it. The values are those of the IANA "OAuth Extensions Error" registry and of the
    /// OpenID Connect specifications, and a few of ours for what HTTP itself refuses.
    package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        package var description: String { rawValue }

        // RFC 6749 §4.1.2.1 and §5.2
        package static let invalidRequest = Code(rawValue: "invalid_request")
        package static let invalidClient = Code(rawValue: "invalid_client")
        package static let invalidGrant = Code(rawValue: "invalid_grant")
        package static let unauthorizedClient = Code(rawValue: "unauthorized_client")
        package static let unsupportedGrantType = Code(rawValue: "unsupported_grant_type")
        package static let unsupportedResponseType = Code(rawValue: "unsupported_response_type")
        package static let invalidScope = Code(rawValue: "invalid_scope")
        package static let accessDenied = Code(rawValue: "access_denied")
        package static let serverError = Code(rawValue: "server_error")
        package static let temporarilyUnavailable = Code(rawValue: "temporarily_unavailable")

        // OpenID Connect Core §3.1.2.6; Unmet Authentication Requirements 1.0
        package static let interactionRequired = Code(rawValue: "interaction_required")
        package static let loginRequired = Code(rawValue: "login_required")
        package static let accountSelectionRequired = Code(rawValue: "account_selection_required")
        package static let consentRequired = Code(rawValue: "consent_required")
        package static let invalidRequestURI = Code(rawValue: "invalid_request_uri")
        package static let invalidRequestObject = Code(rawValue: "invalid_request_object")
        package static let requestNotSupported = Code(rawValue: "request_not_supported")
        package static let requestURINotSupported = Code(rawValue: "request_uri_not_supported")
        package static let registrationNotSupported = Code(rawValue: "registration_not_supported")
        package static let unmetAuthenticationRequirements = Code(rawValue: "unmet_authentication_requirements")

        // RFC 6750 §3.1, RFC 9470 §3
        package static let invalidToken = Code(rawValue: "invalid_token")
        package static let insufficientScope = Code(rawValue: "insufficient_scope")
        package static let insufficientUserAuthentication = Code(rawValue: "insufficient_user_authentication")

        // RFC 7591 §3.2.2
        package static let invalidRedirectURI = Code(rawValue: "invalid_redirect_uri")
        package static let invalidClientMetadata = Code(rawValue: "invalid_client_metadata")
        package static let invalidSoftwareStatement = Code(rawValue: "invalid_software_statement")
        package static let unapprovedSoftwareStatement = Code(rawValue: "unapproved_software_statement")

        // RFC 7009 §2.2.1, RFC 8707 §2, RFC 8628 §3.5, RFC 9449 §12.2
        package static let unsupportedTokenType = Code(rawValue: "unsupported_token_type")
        package static let invalidTarget = Code(rawValue: "invalid_target")
        package static let authorizationPending = Code(rawValue: "authorization_pending")
        package static let slowDown = Code(rawValue: "slow_down")
        package static let expiredToken = Code(rawValue: "expired_token")
        package static let invalidDPoPProof = Code(rawValue: "invalid_dpop_proof")
        package static let useDPoPNonce = Code(rawValue: "use_dpop_nonce")

        // Ours, for HTTP's own refusals
        package static let forbidden = Code(rawValue: "forbidden")
        package static let notFound = Code(rawValue: "not_found")
        package static let methodNotAllowed = Code(rawValue: "method_not_allowed")
        package static let payloadTooLarge = Code(rawValue: "payload_too_large")
        package static let unsupportedMediaType = Code(rawValue: "unsupported_media_type")
        package static let misdirected = Code(rawValue: "misdirected_request")
        package static let tooManyRequests = Code(rawValue: "too_many_requests")

        /// The one table of HTTP statuses (RFC 6749 §5.2: 400 unless said otherwise).
        package var status: Int {
            switch self {
            case .invalidClient, .invalidToken, .insufficientUserAuthentication: 401
            case .insufficientScope, .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .payloadTooLarge: 413
            case .unsupportedMediaType: 415
            case .misdirected: 421
            case .tooManyRequests: 429
            case .serverError: 500
            case .temporarilyUnavailable: 503
            default: 400
            }
        }
    }
}
