import DemoApplication
import GatehouseServer

/// What `make run` shows: where to go, as whom, where the data is, how to stop.
enum DemoCard {
    static func settings(_ deployment: Deployment) -> DemoSettings {
        let declared = deployment.settings.clients.first { $0.clientID == "demo" }
        var secret: String?
        if case .text(let text)? = declared?.secret { secret = text.text }
        var settings = DemoSettings(issuer: deployment.settings.issuer, templates: deployment.wiring.parts.templates + "/DemoApplication")
        settings.clientID = "demo"
        // The demo application stands where its redirect leads.
        if let redirect = declared?.redirectURIs.first?.text, redirect.hasSuffix("/callback") {
            settings.baseURI = String(redirect.dropLast("/callback".count))
            settings.port = settings.baseURI.split(separator: ":").last.flatMap { Int($0) } ?? settings.port
        }
        settings.clientSecret = secret
        return settings
    }

    static func text(_ deployment: Deployment, _ demo: DemoSettings) -> String {
        let settings = deployment.settings
        var rows = [("Server", settings.issuer), ("Demo application", demo.baseURI)]
        for user in settings.users {
            // Outside local mode passwords come from the environment, and stay there.
            guard settings.local, case .text(let password) = user.password else { continue }
            rows.append((user.roles.contains("admin") ? "Administrator" : "Sign in as", "\(user.username)  /  \(password.text)"))
        }
        rows.append(("Discovery", settings.issuer + "/.well-known/openid-configuration"))
        rows.append(("Data", deployment.cluster.map(\.directory) ?? "the database that you named"))
        rows.append(("Stop", "Ctrl-C"))
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 3) + $0.1 }
        let rule = String(repeating: "─", count: min((lines.map(\.count).max() ?? 40) + 2, 78))
        return (["", rule, "  Gatehouse is running", ""] + lines + [rule, ""]).joined(separator: "\n")
    }
}
