import HTTPTypes
import Hummingbird
import OAuthProtocol
import Web

/// `/health/live` and `/health/ready`, for whoever starts, stops and balances nodes. They tell words of a closed list and nothing else, so
/// anybody may ask.
package struct HealthEndpoint: Sendable {
    package static let livePath = "/health/live"
    package static let readyPath = "/health/ready"

    private let probe: HealthProbe

    package init(_ probe: HealthProbe) {
        self.probe = probe
    }

    /// The process answers: starting it anew would not help.
    package func live() -> Response {
        var json = JSONWriter()
        json.object { $0.field("status", "live") }
        return Reply.json(json.bytes)
    }

    /// 200, or 503 with what is missing.
    package func ready() async -> Response {
        let verdict = await probe.verdict()
        var json = JSONWriter()
        json.object { json in
            json.field("status", verdict.isReady ? "ready" : "unready")
            for part in HealthVerdict.Part.allCases { json.field(part.rawValue, verdict[part] ?? "ok") }
        }
        return Reply.json(json.bytes, status: verdict.isReady ? .ok : .serviceUnavailable)
    }
}
