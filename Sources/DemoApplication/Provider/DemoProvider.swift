import FoundationEssentials
import OAuthProtocol
import Runtime
import Synchronization

/// The identity server as the application sees it: discovery, keys, tokens, userinfo. Found at first use, so that either may start first.
final class DemoProvider: Sendable {
    private struct Cache {
        var discovery: (document: DemoDiscovery, at: Date)?
        var keys: (set: JWKSet, at: Date)?
    }

    private let settings: DemoSettings
    private let transport: DemoTransport
    private let cache = Mutex(Cache())

    private static let keptFor = Duration.hours(1)
    /// Keys are asked for again when a token names an unknown one, but not more often than this.
    private static let keysPause = Duration.seconds(10)

    init(settings: DemoSettings, transport: @escaping DemoTransport) {
        self.settings = settings
        self.transport = transport
    }

    func discovery(now: Date) async throws -> DemoDiscovery {
        if let known = cache.withLock({ $0.discovery }), now < known.at + Self.keptFor { return known.document }
        let answer = try await call(DemoCall(uri: settings.issuer + "/.well-known/openid-configuration"))
        guard answer.status == 200 else { throw DemoFailure.provider("Discovery answered \(answer.status).") }
        let document = try DemoDiscovery(json(answer), issuer: settings.issuer)
        cache.withLock { $0.discovery = (document, now) }
        return document
    }

    /// - Throws: `DemoFailure` when the token endpoint refuses.
    func tokens(_ parameters: [(String, String)], now: Date) async throws -> JSONValue {
        var call = DemoCall(method: "POST", uri: try await discovery(now: now).tokenEndpoint)
        var parameters = parameters
        if let secret = settings.clientSecret {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            let pair = Self.formEncoded(settings.clientID) + ":" + Self.formEncoded(secret)
            call.headers.append(("Authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
        } else {
            parameters.append(("client_id", settings.clientID))
        }
        call.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        call.body = Parameters.encode(parameters)
        let answer = try await self.call(call)
        let body = try json(answer)
        guard answer.status == 200 else { throw refusal(body, "The token endpoint answered \(answer.status).") }
        return body
    }

    func userInfo(accessToken: String, now: Date) async throws -> JSONValue {
        var call = DemoCall(uri: try await discovery(now: now).userInfoEndpoint)
        call.headers.append(("Authorization", "Bearer \(accessToken)"))
        let answer = try await self.call(call)
        guard answer.status == 200 else {
            throw refusal((try? json(answer)) ?? .null, "Userinfo answered \(answer.status).")
        }
        return try json(answer)
    }

    /// Verifies an ID token after OpenID Connect Core §3.1.3.7.
    /// - Returns: Its claims.
    func verify(idToken: String, nonce: String?, accessToken: String, now: Date) async throws -> JSONValue {
        func attempt(_ keys: JWKSet) async throws -> JSONValue {
            try await DemoIDToken.verify(idToken, keys: keys, settings: settings, nonce: nonce, accessToken: accessToken, now: now)
        }
        do {
            return try await attempt(keys(now: now))
        } catch JWTRefusal.unknownKey {
            // The keys may have rotated since they were fetched.
        }
        do {
            return try await attempt(keys(now: now, olderThan: Self.keysPause))
        } catch JWTRefusal.unknownKey {
            throw DemoFailure.provider("Its ID token is signed with a key that it doesn’t publish.")
        }
    }

    private func keys(now: Date, olderThan pause: Duration = keptFor) async throws -> JWKSet {
        if let known = cache.withLock({ $0.keys }), now < known.at + pause { return known.set }
        let answer = try await call(DemoCall(uri: try await discovery(now: now).jwksURI))
        guard answer.status == 200 else { throw DemoFailure.provider("Its key set answered \(answer.status).") }
        guard let set = try? JWKSet(parsing: answer.body) else { throw DemoFailure.provider("Its key set can’t be read.") }
        cache.withLock { $0.keys = (set, now) }
        return set
    }

    private func call(_ call: DemoCall) async throws -> DemoAnswer {
        var call = call
        if let inner = settings.internalIssuer, call.uri.hasPrefix(settings.issuer + "/") {
            call.uri = inner + call.uri.dropFirst(settings.issuer.count)
        }
        do {
            return try await transport(call)
        } catch {
            throw DemoFailure(
                title: "The identity server can’t be reached",
                message: "There is no answer at \(settings.issuer). Is it running?", status: 502)
        }
    }

    private func json(_ answer: DemoAnswer) throws -> JSONValue {
        guard let value = try? JSONValue(parsing: answer.body, bytesMax: 262_144), value.object != nil else {
            throw DemoFailure.provider("It answered \(answer.status) with something other than JSON.")
        }
        return value
    }

    private func refusal(_ body: JSONValue, _ otherwise: String) -> DemoFailure {
        .provider(body["error_description"]?.string ?? otherwise, code: body["error"]?.string)
    }

    private static func formEncoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        FormEncoding.encode(text, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
