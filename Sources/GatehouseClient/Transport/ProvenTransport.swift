import FoundationEssentials
import OAuthProtocol

/// Calls the server where tokens are asked for or shown: with proofs where this service has a key for them (RFC 9449).
struct ProvenTransport: Sendable {
    let transport: Transport
    let prover: TokenProver?
    let address: IssuerAddress
    let answerBytesMax: Int

    /// Sends a call, and once more where it was refused because the proof lacked the server's nonce (§8): it has done nothing then.
    /// - Parameter token: the one to show; nil where one is asked for.
    /// - Throws: any ``GatehouseError``; `CancellationError`.
    func send(_ call: TransportCall, showing token: GatehouseToken? = nil, now: Date) async throws -> TransportAnswer {
        var call = call
        if let token { call.headers.append(("Authorization", token.authorization)) }
        guard let prover, token?.isBound != false else { return try await transport.send(call) }
        // The server knows itself by the issuer, not by the address of a container network.
        let uri = address.published(call.uri)
        let answer = try await attempt(call, prover, uri, token: token, now: now)
        let json = answer.status == 200 ? nil : try? JSONValue(parsing: answer.body, bytesMax: answerBytesMax)
        guard prover.heed(answer.status, answer.fields, error: json?["error"]?.string, from: uri) else { return answer }
        let second = try await attempt(call, prover, uri, token: token, now: now)
        _ = prover.heed(second.status, second.fields, from: uri)
        return second
    }

    private func attempt(
        _ call: TransportCall, _ prover: TokenProver, _ uri: String, token: GatehouseToken?, now: Date
    ) async throws -> TransportAnswer {
        var call = call
        call.headers.append(("DPoP", try prover.proof(call.method, uri, token: token?.text, now: now)))
        return try await transport.send(call)
    }
}
