import NIOCore
import NIOPosix
import Outbound
import Synchronization
import Testing
import Web

/// What calls to other servers may do.
@Suite struct OutboundTests {
    private final class Wire: Sendable {
        let calls = Mutex<[String]>([])

        var exchange: Outbound.Exchange {
            { [self] call in
                calls.withLock { $0.append("\(call.url) \(call.host) \(call.pinned)") }
                return OutboundAnswer(status: 200)
            }
        }
    }

    private static func numbers(_ texts: [String]) -> [AddressNumber] { texts.compactMap(AddressNumber.init(parsing:)) }

    private static func error(
        _ url: String, names: [String] = ["93.184.215.14"], settings: OutboundSettings = OutboundSettings()
    ) async -> OutboundError? {
        let outbound = Outbound(settings, names: { _ in numbers(names) }, exchange: Wire().exchange)
        do {
            _ = try await outbound.send(OutboundRequest(.get, url))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a call goes to the address that the name meant when it was judged`() async throws {
        let wire = Wire()
        let outbound = Outbound(names: { _ in Self.numbers(["93.184.215.14", "2606:4700::1111"]) }, exchange: wire.exchange)
        _ = try await outbound.send(OutboundRequest(.get, "HTTPS://IDP.example:8443/a?b=c"))
        // Under the name that is pinned, letter for letter: the client would look any other one up.
        #expect(wire.calls.withLock { $0 } == ["https://idp.example:8443/a?b=c idp.example 93.184.215.14"])
    }

    @Test(arguments: [
        "http://idp.example/", "HTTP://idp.example/", "ftp://idp.example/", "file:///etc/passwd", "gopher://idp.example/", "unix:///socket",
    ])
    func `another scheme than https is refused`(_ url: String) async {
        let error = await Self.error(url)
        #expect(error == .schemeNotAllowed || error == .malformedAddress)
    }

    @Test(arguments: [
        "", "https://", "https:///path", "https://user@idp.example/", "https://idp.example\\@evil.example/", "https://idp.example/#x",
        "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/", "https://[fe80::1%25eth0]/", "https://a b/",
        "https://idp.example:99999/", "//idp.example/", "https://ⅰdp.example/", "https://%6c%6f/",
    ])
    func `an address that two readers could read differently is refused`(_ url: String) async {
        #expect(await Self.error(url) == .malformedAddress)
    }

    @Test(arguments: [
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00::1]/", "https://0.0.0.0/",
    ])
    func `an address of this machine or its network is refused`(_ url: String) async {
        #expect(await Self.error(url) == .privateAddress)
    }

    @Test(arguments: [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"], ["::ffff:192.168.0.1"], ["2002:7f00:1::"]])
    func `a name that leads there is refused, if only with one of its addresses`(_ names: [String]) async {
        #expect(await Self.error("https://idp.example/", names: names) == .privateAddress)
    }

    @Test func `local stacks may allow it`() async {
        var settings = OutboundSettings()
        settings.allowsPrivate = true
        #expect(await Self.error("https://localhost:8443/", names: ["127.0.0.1"], settings: settings) == nil)
        #expect(await Self.error("http://localhost:8080/", names: ["127.0.0.1"], settings: settings) == .schemeNotAllowed)
        settings.allowsHTTP = true
        #expect(await Self.error("http://localhost:8080/", names: ["127.0.0.1"], settings: settings) == nil)
    }

    @Test func `calls under way are counted, and beyond the bound refused`() async {
        var settings = OutboundSettings()
        settings.callsMax = 0
        #expect(await Self.error("https://idp.example/", settings: settings) == .busy)
        settings.callsMax = 1
        settings.callsPerHostMax = 0
        #expect(await Self.error("https://idp.example/", settings: settings) == .busy)
    }

    @Test func `a name that is never answered does not hold the call`() async {
        var settings = OutboundSettings()
        settings.callsMax = 1
        settings.timeMax = .milliseconds(20)
        let outbound = Outbound(
            settings,
            names: { _ in
                // Like the system's resolver: deaf to cancellation.
                await withCheckedContinuation { (never: CheckedContinuation<Void, Never>) in Self.held.withLock { $0.append(never) } }
                return []
            }, exchange: Wire().exchange)
        await #expect(throws: OutboundError.tooLate) { try await outbound.send(OutboundRequest(.get, "https://idp.example/")) }
        // But its thread is still taken, and so is its place.
        await #expect(throws: OutboundError.busy) { try await outbound.send(OutboundRequest(.get, "https://idp.example/")) }
        for never in Self.held.withLock({ $0 }) { never.resume() }
    }

    private static let held = Mutex<[CheckedContinuation<Void, Never>]>([])

    // MARK: Over a real socket

    /// Answers every connection with one text.
    private static func serve(_ answer: String, _ body: (Int) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in channel.pipeline.addHandler(Answering(answer)) }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(channel.localAddress?.port ?? 0)
            try await channel.close()
        } catch {
            try await channel.close()
            throw error
        }
    }

    private final class Answering: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: String

        init(_ answer: String) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
    }

    private static var local: OutboundSettings {
        var settings = OutboundSettings()
        settings.allowsPrivate = true
        settings.allowsHTTP = true
        return settings
    }

    /// A name that no resolver knows, pinned to loopback.
    private static let outbound = Outbound(local, names: { _ in numbers(["127.0.0.1"]) })

    @Test func `the pinned address is the one that is dialled, under the name that was asked for`() async throws {
        try await Self.serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}") { port in
            let answer = try await Self.outbound.send(OutboundRequest(.get, "http://idp.invalid:\(port)/"))
            #expect(answer.status == 200)
            #expect(answer.body == Array("{}".utf8))
            #expect(answer.contentType == "application/json")
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is not followed`(_ status: Int) async throws {
        try await Self.serve("HTTP/1.1 \(status) Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") { port in
            await #expect(throws: OutboundError.redirect) {
                try await Self.outbound.send(OutboundRequest(.get, "http://idp.invalid:\(port)/"))
            }
        }
    }

    @Test func `an answer of 10 MB is refused as soon as it is too long`() async throws {
        let body = String(repeating: "x", count: 10_000_000)
        try await Self.serve("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n\(body)") { port in
            await #expect(throws: OutboundError.tooLarge) {
                try await Self.outbound.send(OutboundRequest(.get, "http://idp.invalid:\(port)/", bytesMax: 100_000))
            }
        }
    }

    // Without the rule it would wait for ever.
    @Test(.timeLimit(.minutes(10))) func `an answer that never ends is too late`() async throws {
        try await Self.serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx") { port in
            var settings = Self.local
            settings.timeMax = .milliseconds(300)
            let outbound = Outbound(settings, names: { _ in Self.numbers(["127.0.0.1"]) })
            await #expect(throws: OutboundError.tooLate) { try await outbound.send(OutboundRequest(.get, "http://idp.invalid:\(port)/")) }
        }
    }

    @Test func `nobody there is unreachable`() async throws {
        await #expect(throws: OutboundError.unreachable) { try await Self.outbound.send(OutboundRequest(.get, "http://idp.invalid:1/")) }
    }

    @Test func `a second address is tried where the first refuses the connection`() async throws {
        try await Self.serve("HTTP/1.1 204 None\r\n\r\n") { port in
            let outbound = Outbound(Self.local, names: { _ in Self.numbers(["127.0.0.2", "127.0.0.1"]) })
            let answer = try await outbound.send(OutboundRequest(.post, "http://idp.invalid:\(port)/", body: []))
            #expect(answer.status == 204)
        }
    }

    @Test func `plain http at an https address is no answer`() async throws {
        try await Self.serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") { port in
            await #expect(throws: OutboundError.unreachable) {
                try await Self.outbound.send(OutboundRequest(.get, "https://idp.invalid:\(port)/"))
            }
        }
    }
}
