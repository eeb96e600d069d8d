import Accounts
import Console
import Hummingbird
import Runtime
import Web

/// `/`: who is signed in here, and where developers find the metadata.
struct HomePage: Sendable {
    let sessions: Sessions
    let pages: Pages
    let site: Site
    let clock: any WallClock

    func show(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let session = try await sessions.find(request, now: clock.now)
        return try pages.render(
            "Home/home",
            [
                "user": session.map { ["name": $0.user.displayName] as PageModel },
                "signInAction": SignInFlow.path,
                "accountAction": AccountPage.path,
                "signOutAction": SignOutPage.path,
                "issuer": site.issuer,
                "version": site.version,
            ])
    }
}
