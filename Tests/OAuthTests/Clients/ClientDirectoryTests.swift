import OAuth
import TestKit
import Testing

@Suite struct ClientDirectoryTests {
    @Test func `what is held when the line is lost holds five seconds longer, however often the loss is told`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let clients = server.wiring.clients
            clients.setListening(true)
            #expect(try await clients.find("app") != nil)
            server.clock.advance(by: .seconds(3_600))
            // A change that nobody announces, as when the line is down.
            try await server.database.execute("update clients set disabled_at = now()")
            #expect(try await clients.find("app") != nil)
            clients.setListening(false)
            server.clock.advance(by: .milliseconds(4_900))
            clients.setListening(false)
            #expect(try await clients.find("app") != nil)
            server.clock.advance(by: .milliseconds(100))
            #expect(try await clients.find("app") == nil)
        }
    }

    @Test func `when the line is back, everything is read anew`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let clients = server.wiring.clients
            clients.setListening(true)
            #expect(try await clients.find("app") != nil)
            clients.setListening(false)
            try await server.database.execute("update clients set disabled_at = now()")
            clients.setListening(true)
            #expect(try await clients.find("app") == nil)
        }
    }

    @Test func `without a line nothing is older than five seconds`() async throws {
        try await TestServer.run { server in
            try await server.addClient()
            let clients = server.wiring.clients
            #expect(try await clients.find("app") != nil)
            try await server.database.execute("update clients set disabled_at = now()")
            server.clock.advance(by: .seconds(5))
            #expect(try await clients.find("app") == nil)
        }
    }
}
