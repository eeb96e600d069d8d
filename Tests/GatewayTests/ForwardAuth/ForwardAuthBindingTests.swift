import OAuthProtocol
import TestKit
import Testing

@testable import Gateway

/// Bound tokens at the door (RFC 8705 §3).
@Suite struct ForwardAuthBindingTests {
    @Test(arguments: DoorExample.dialects)
    func `a token that is bound to a certificate does not pass without it`(dialect: String) async throws {
        try await DoorExample.run([DoorExample.api { $0.scopes = ["notes:read"] }]) { door async throws in
            try await door.server.addClient(
                "bound", secret: "bound-secret", metadata: ["tls_client_certificate_bound_access_tokens": true])
            let certificate = try TestAuthority.selfSigned("bound", now: door.server.clock.now).certificate
            let answer = try await door.server.token(
                [("grant_type", "client_credentials"), ("scope", "notes:read")], basic: ("bound", "bound-secret"),
                certificates: [certificate])
            let token = try answer.json.text("access_token")
            // The second time it is answered from memory.
            for _ in 0..<2 { #expect(try await door.ask(dialect, bearer: token).status == 401) }
        }
    }
}
