/// What becomes of a connection after an answer (RFC 9112 §9.3).
enum Persistence: Sendable {
    /// It stays, as always in HTTP/1.1.
    case implied
    /// It stays, as a client of HTTP/1.0 has asked.
    case keepAlive
    case close
}
