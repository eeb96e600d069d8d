import OAuthProtocol

/// Reads what the server says about a request of ours.
enum ServerAnswer {
    /// - Returns: the JSON object of a 200.
    /// - Throws: ``GatehouseError/rateLimited(retryAfter:)`` for 429, ``GatehouseError/unavailable(_:)`` for 5xx and for what isn't JSON,
    ///   ``GatehouseError/rejected(code:status:)`` for anything else.
    static func require(_ answer: TransportAnswer, options: GatehouseOptions) throws(GatehouseError) -> JSONValue {
        let json = try? JSONValue(parsing: answer.body, bytesMax: options.answerBytesMax)
        switch answer.status {
        case 200:
            guard let json, json.object != nil else { throw .unavailable("an answer that is not JSON") }
            return json
        case 429:
            throw .rateLimited(retryAfter: .seconds(answer.retryAfter.flatMap { Int($0) }.map { max(1, min($0, 3_600)) } ?? 1))
        case 500...:
            throw .unavailable("status \(answer.status)")
        default:
            throw .rejected(code: OAuthError.sanitised(json?["error"]?.string ?? "unknown"), status: answer.status)
        }
    }
}
