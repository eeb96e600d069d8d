import Glibc
import Hummingbird
import NIOCore
import Testing
import Web

@Suite struct RequestChannelTests {
    private static func count(_ text: String, _ part: String) -> Int {
        text.split(separator: part, omittingEmptySubsequences: false).count - 1
    }

    @Test func `requests sent at once are answered in their order, though the first has to wait`() async throws {
        let (gate, opened) = AsyncStream<Void>.makeStream()
        let (answer, _) = try await RawConnection.exchange(
            "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nPOST /fast HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /last HTTP/1.1\r\nHost: a\r\n\r\n",
            isEnough: { $0.contains("/last") }
        ) { request in
            if request.uri.path == "/slow" {
                opened.finish()
                for await _ in gate {}
                await Task.yield()
            }
            return await RawConnection.echo(request)
        }
        #expect(Self.count(answer, "HTTP/1.1 200 OK") == 3)
        let order = ["GET /slow ", "POST /fast hi", "GET /last "].map { answer.range(of: $0)?.lowerBound }
        #expect(order[0].flatMap { first in order[1].map { first < $0 } } == true)
        #expect(order[1].flatMap { first in order[2].map { first < $0 } } == true)
        #expect(!answer.lowercased().contains("connection: close"))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GARBAGE\r\n\r\n", "GET / HTTP/7.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ])
    func `what is no request is told so, and the connection closed`(_ text: String) async throws {
        let (answer, isClosed) = try await RawConnection.exchange(text)
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(Self.count(answer, "HTTP/1.1") == 1 && isClosed)
    }

    @Test func `header fields beyond the limit are refused`() async throws {
        let (answer, isClosed) = try await RawConnection.exchange(
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 431 ") && isClosed)
    }

    @Test func `what came before nonsense is still answered`() async throws {
        let (answer, isClosed) = try await RawConnection.exchange("GET /good HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n")
        #expect(answer.contains("GET /good ") && answer.contains("HTTP/1.1 400 ") && isClosed)
    }

    @Test func `of a body that is too long nothing is kept, and the answer comes through`() async throws {
        let body = String(repeating: "x", count: 65)
        for text in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n\(body)",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n\(body)\r\n0\r\n\r\n",
        ] {
            let (answer, isClosed) = try await RawConnection.exchange(text + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413 ") && isClosed)
            #expect(!answer.contains("/next"))
        }
        let (answer, _) = try await RawConnection.exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 64\r\n\r\n\(body.dropLast())", isEnough: { $0.hasSuffix("x") })
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `a body that never ends is not read for ever`() async throws {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + String(repeating: "x", count: 2_000_000)
        do {
            let (answer, isClosed) = try await RawConnection.exchange(text)
            #expect((answer.isEmpty || answer.hasPrefix("HTTP/1.1 413 ")) && isClosed)
        } catch let error as IOError {
            // Closed with something unread.
            #expect(error.errnoCode == ECONNRESET || error.errnoCode == EPIPE)
        }
    }

    @Test func `a client that waits before its body is told to go on`() async throws {
        let (answer, _) = try await RawConnection.exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", isEnough: { $0.hasSuffix("\r\n\r\n") })
        #expect(answer == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func `the connection ends when the client asks, and stays when a client of HTTP 1,0 asks`() async throws {
        let closing = try await RawConnection.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(closing.isClosed && closing.answer.contains("Connection: close\r\n"))
        let old = try await RawConnection.exchange("GET / HTTP/1.0\r\n\r\n")
        #expect(old.isClosed && old.answer.contains("HTTP/1.1 200 OK"))
        let kept = try await RawConnection.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", isEnough: { $0.contains("GET / ") })
        #expect(!kept.isClosed && kept.answer.contains("Connection: keep-alive\r\n"))
    }

    @Test func `an answer without content tells no length`() async throws {
        let (answer, _) = try await RawConnection.exchange(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", respond: { _ in Response(status: .noContent) })
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n") && !answer.lowercased().contains("content-length"))
    }

    @Test func `a request that doesn't arrive in time is given up`() async throws {
        for text in ["", "GET / HTT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"] {
            let (answer, isClosed) = try await RawConnection.exchange(text, idleTimeMax: .milliseconds(50))
            #expect(answer.isEmpty && isClosed)
        }
    }
}
