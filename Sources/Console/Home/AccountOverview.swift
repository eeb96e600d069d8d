import Accounts
import FoundationEssentials
import Web

/// What the account page shows of a person.
struct AccountOverview: Sendable {
    let session: Session
    let identities: [FederatedIdentity]
    /// The providers that are enabled, in the order of their buttons.
    let choices: [FederationChoice]
    let sessions: [SessionSummary]
    let notice: AccountNotice?
    /// Whether the person has proven themselves just now, and may change how they sign in.
    let isRecent: Bool

    /// Providers that the person has no identity at.
    var linkable: [FederationChoice] {
        choices.filter { choice in !identities.contains { $0.providerID == choice.id } }
    }

    /// Whether another way to sign in would be left without this identity.
    func isSpare(_ identity: FederatedIdentity) -> Bool {
        session.user.passwordHash != nil
            || identities.contains { other in other.id != identity.id && choices.contains { $0.id == other.providerID } }
    }

    /// - Parameter linkPath: where adding a provider begins.
    func model(csrfToken: String, linkPath: (FederationChoice) -> String) -> PageModel {
        let user = session.user
        let others = sessions.filter { $0.id != session.id }
        // Nothing to change: nothing to prove.
        let hasChanges = !linkable.isEmpty || identities.contains(where: isSpare)
        var model: PageModel = [
            "csrfToken": csrfToken,
            "notice": notice?.model,
            "password": user.passwordHash != nil,
            "onlyWay": user.passwordHash == nil && identities.count == 1,
            "unlinkAction": AccountPage.unlinkPath,
            "endAction": AccountPage.endPath,
            "signOutAction": SignOutPage.path,
        ]
        model["user"] =
            [
                "name": user.displayName, "username": user.username, "email": user.email,
                "initial": user.displayName.first { $0.isLetter || $0.isNumber }.map { String($0).uppercased() },
            ] as PageModel
        model["identities"] = identities.map { row($0) }
        model["sessions"] = sessions.map { row($0) }
        if !isRecent, hasChanges { model["confirmAction"] = AccountPage.confirmPath }
        if isRecent, !linkable.isEmpty { model["links"] = linkable.map { link($0, path: linkPath($0)) } }
        if others.count > 1 { model["endOthersAction"] = AccountPage.endPath }
        return model
    }

    private func row(_ identity: FederatedIdentity) -> PageModel {
        let choice = choices.first { $0.id == identity.providerID }
        let used = "Last used \(AccountDate.day(identity.lastUsedAt))"
        return [
            "id": identity.id.uuidString.lowercased(),
            "provider": choice?.name ?? identity.providerID,
            "icon-\((choice?.icon ?? .key).rawValue)": true,
            "label": identity.label,
            "used": choice == nil ? "\(used) · not available at present" : used,
            "canUnlink": isRecent && isSpare(identity),
        ]
    }

    private func link(_ choice: FederationChoice, path: String) -> PageModel {
        ["id": choice.id, "name": choice.name, "icon-\(choice.icon.rawValue)": true, "href": path]
    }

    private func row(_ summary: SessionSummary) -> PageModel {
        let isCurrent = summary.id == session.id
        return [
            "id": summary.id.uuidString.lowercased(),
            "device": DeviceName.make(summary.userAgent),
            "seen": isCurrent
                ? "Signed in \(AccountDate.minute(session.authenticatedAt))" : "Last used \(AccountDate.minute(summary.lastSeenAt))",
            "address": summary.address,
            "isCurrent": isCurrent,
        ]
    }
}
