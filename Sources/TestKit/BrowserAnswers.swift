import HTTPTypes
import HummingbirdTesting
import OAuthProtocol

/// What an answer to a browser is: a page, or a redirect to the application.
extension TestResponse {
    package func shows(_ page: String) -> Bool { location == nil && text.contains("id=\"\(page)\"") }

    /// An error on our own page: nothing leads anywhere.
    package var isErrorPage: Bool { status.code >= 400 && status.code < 500 && shows("error-page") }

    /// The error that the application is told. Nil unless the answer goes to this redirect and carries `iss`, and the state that was sent.
    package func errorAtClient(_ redirectURI: String = "https://app.example/callback", state: String? = "a state") -> String? {
        guard status == .seeOther, let location, location.hasPrefix(redirectURI), locationParameter("code") == nil,
            locationParameter("iss") == TestServer.issuer, locationParameter("state") == state
        else { return nil }
        return locationParameter("error")
    }

    /// The code that the application is given, under the same conditions.
    package func codeAtClient(_ redirectURI: String = "https://app.example/callback", state: String? = "a state") -> String? {
        guard status == .seeOther, let location, location.hasPrefix(redirectURI), locationParameter("error") == nil,
            locationParameter("iss") == TestServer.issuer, locationParameter("state") == state
        else { return nil }
        return locationParameter("code")
    }
}

extension TestFlow {
    /// Redeems the code of an answer and reads the ID token that comes with it, unverified.
    package func identity(from answer: TestResponse) async throws -> JSONValue {
        guard let code = answer.locationParameter("code") else {
            throw TestFormError(description: "no code: \(answer.status) \(answer.location ?? String(answer.text.prefix(1_000)))")
        }
        let tokens = try await redeem(code).json
        guard let token = tokens["id_token"]?.string else { throw TestFormError(description: "no ID token: \(tokens)") }
        return Self.claims(of: token)
    }

    package static func claims(of token: String) -> JSONValue {
        let parts = token.split(separator: ".")
        guard parts.count == 3, let bytes = Base64URL.decode(parts[1]) else { return .null }
        return (try? JSONValue(parsing: bytes)) ?? .null
    }
}
