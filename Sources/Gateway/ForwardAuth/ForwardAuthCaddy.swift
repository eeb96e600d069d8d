/// Caddy's `forward_auth` (`Examples/gateway/Caddyfile`): the directive writes method and URI, `reverse_proxy` beneath it the other three;
/// whatever is not 2xx goes to the client.
enum ForwardAuthCaddy: ForwardAuthDialect {
    static let name = "caddy"
    static let passesAnswersOn = true

    static func evidence(_ check: ForwardAuthCheck) throws(ForwardAuthCheck.Flaw) -> CallerEvidence {
        try ForwardAuthTraefik.forwarded(check)
    }
}
