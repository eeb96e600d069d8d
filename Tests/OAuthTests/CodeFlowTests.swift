import TestKit
import Testing

@Suite struct CodeFlowTests {
    @Test func `a person signs in, and the client gets its tokens`() async throws {
        try await TestServer.run { server in
            try await server.addUser()
            try await server.addClient()
            let tokens = try await TestFlow(server).tokens(scope: "openid profile offline_access")
            #expect(tokens["access_token"]?.string != nil)
            #expect(tokens["id_token"]?.string != nil)
            #expect(tokens["refresh_token"]?.string?.hasPrefix("gh_rt_") == true)
        }
    }
}
