/// One builder for each code, so that call sites read as the RFC does and can't pair a code with a wrong challenge.
extension OAuthError {
    package static func invalidRequest(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidRequest, description, reason: reason)
    }

    /// RFC 6749 §5.2: a client that tried the `Authorization` header is answered with a challenge of the same scheme.
    package static func invalidClient(
        _ description: String = "Client authentication failed.", reason: String? = nil, challenge: Challenge? = nil
    ) -> OAuthError {
        OAuthError(.invalidClient, description, reason: reason, challenge: challenge)
    }

    package static func invalidGrant(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidGrant, description, reason: reason)
    }

    package static func unauthorizedClient(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.unauthorizedClient, description, reason: reason)
    }

    package static func unsupportedGrantType(
        _ description: String = "The grant_type is not supported.", reason: String? = nil
    ) -> OAuthError {
        OAuthError(.unsupportedGrantType, description, reason: reason)
    }

    package static func unsupportedResponseType(
        _ description: String = "The response_type is not supported.", reason: String? = nil
    ) -> OAuthError {
        OAuthError(.unsupportedResponseType, description, reason: reason)
    }

    package static func invalidScope(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidScope, description, reason: reason)
    }

    package static func accessDenied(_ description: String = "The request was denied.", reason: String? = nil) -> OAuthError {
        OAuthError(.accessDenied, description, reason: reason)
    }

    package static func loginRequired(_ description: String = "The user has to sign in.", reason: String? = nil) -> OAuthError {
        OAuthError(.loginRequired, description, reason: reason)
    }

    package static func consentRequired(_ description: String = "The user has to consent.", reason: String? = nil) -> OAuthError {
        OAuthError(.consentRequired, description, reason: reason)
    }

    package static func interactionRequired(
        _ description: String = "The user has to interact with a page.", reason: String? = nil
    ) -> OAuthError {
        OAuthError(.interactionRequired, description, reason: reason)
    }

    package static func accountSelectionRequired(
        _ description: String = "The user has to choose an account.", reason: String? = nil
    ) -> OAuthError {
        OAuthError(.accountSelectionRequired, description, reason: reason)
    }

    package static func requestNotSupported(_ description: String = "The request parameter is not supported.") -> OAuthError {
        OAuthError(.requestNotSupported, description)
    }

    package static func requestURINotSupported(_ description: String = "The request_uri parameter is not supported.") -> OAuthError {
        OAuthError(.requestURINotSupported, description)
    }

    package static func registrationNotSupported(_ description: String = "The registration parameter is not supported.") -> OAuthError {
        OAuthError(.registrationNotSupported, description)
    }

    /// RFC 6750 §3.1: 401 with a Bearer challenge that repeats code and description.
    package static func invalidToken(
        _ description: String = "The access token is not valid.", reason: String? = nil, realm: String = Challenge.defaultRealm
    ) -> OAuthError {
        OAuthError(
            .invalidToken, description, reason: reason,
            challenge: .bearer(realm: realm, error: .invalidToken, description: sanitised(description)))
    }

    /// RFC 9449 §7.1: as ``invalidToken(_:reason:realm:)``, for a token whose scheme or key is not the one that it is bound to.
    package static func unboundToken(reason: String) -> OAuthError {
        let description = "The access token is not valid."
        return OAuthError(
            .invalidToken, description, reason: reason, challenge: .dpop(error: .invalidToken, description: description))
    }

    /// As ``missingToken(realm:)``, where DPoP tokens are taken besides.
    package static func missingAccessToken() -> OAuthError {
        OAuthError(.invalidToken, "An access token is required.", challenge: .accessToken())
    }

    /// RFC 6750 §3.1: a request without any authentication gets a challenge that names no error.
    package static func missingToken(realm: String = Challenge.defaultRealm) -> OAuthError {
        OAuthError(.invalidToken, "An access token is required.", challenge: .bearer(realm: realm))
    }

    /// RFC 6750 §3.1: 403; the challenge names the scope that is needed.
    package static func insufficientScope(
        scope: String, reason: String? = nil, realm: String = Challenge.defaultRealm
    ) -> OAuthError {
        let description = "The access token lacks a scope that is needed: \(scope)"
        return OAuthError(
            .insufficientScope, description, reason: reason,
            challenge: .bearer(realm: realm, error: .insufficientScope, description: sanitised(description), scope: scope))
    }

    package static func invalidRedirectURI(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidRedirectURI, description, reason: reason)
    }

    package static func invalidClientMetadata(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidClientMetadata, description, reason: reason)
    }

    package static func invalidTarget(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.invalidTarget, description, reason: reason)
    }

    package static func unsupportedTokenType(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.unsupportedTokenType, description, reason: reason)
    }

    /// 503: try again after a while.
    package static func temporarilyUnavailable(
        _ description: String = "The server is busy. Try again shortly.", reason: String? = nil, retryAfter: Duration = .seconds(2)
    ) -> OAuthError {
        OAuthError(.temporarilyUnavailable, description, reason: reason, retryAfter: retryAfter)
    }

    /// 500: a defect of ours. The description never says more.
    package static func serverError(reason: String) -> OAuthError {
        OAuthError(.serverError, "The server met an unexpected condition.", reason: reason)
    }

    package static func forbidden(_ description: String, reason: String? = nil) -> OAuthError {
        OAuthError(.forbidden, description, reason: reason)
    }

    package static func notFound(_ description: String = "There is nothing at this address.", reason: String? = nil) -> OAuthError {
        OAuthError(.notFound, description, reason: reason)
    }

    package static func methodNotAllowed(_ description: String = "The method is not allowed here.") -> OAuthError {
        OAuthError(.methodNotAllowed, description)
    }

    package static func payloadTooLarge(_ description: String = "The request body is too large.") -> OAuthError {
        OAuthError(.payloadTooLarge, description)
    }

    package static func unsupportedMediaType(_ description: String) -> OAuthError {
        OAuthError(.unsupportedMediaType, description)
    }

    package static func tooManyRequests(
        _ description: String = "Too many requests. Try again later.", reason: String? = nil, retryAfter: Duration
    ) -> OAuthError {
        OAuthError(.tooManyRequests, description, reason: reason, retryAfter: retryAfter)
    }
}
