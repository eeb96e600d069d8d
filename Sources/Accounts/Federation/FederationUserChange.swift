import FoundationEssentials
import OAuthProtocol
import Runtime

/// What a provider's description changes in an account.
struct FederationUserChange: Sendable {
    let profile: FederationProfile
    let provider: FederationProvider

    /// A new account. An address that isn't verified stays out of it: it would keep the address from its owner.
    /// - Parameter isReserved: the address is of a domain that only other providers speak for; it stays out as well.
    func user(id: UUID, username: String, isReserved: Bool, now: Date) -> User {
        var user = User(id: id, username: username, now: now)
        if !isReserved, FederationJudgement(profile: profile, provider: provider).hasVerifiedEmail {
            user.email = profile.email
            user.emailVerified = true
        }
        user.claims = profile.claims
        user.roles = provider.roles.apply(groups: profile.groups, to: [])
        return user
    }

    /// An account that signs in again. What the settings file declares stays as it says.
    /// - Returns: nil when nothing changes.
    func refreshed(_ user: User) -> User? {
        guard !user.isDeclared else { return nil }
        var changed = user
        changed.roles = provider.roles.apply(groups: profile.groups, to: user.roles)
        if provider.refreshesProfile {
            for (name, value) in profile.claims { changed.claims[name] = value }
        }
        return changed.roles == user.roles && changed.claims == user.claims ? nil : changed
    }

    /// User names to try for a new account, the last of them certainly free.
    func usernames(randomness: any Randomness) -> [String] {
        let wanted = [profile.username, profile.email, profile.claims["name"]?.string].compactMap(\.self).lazy.map(Self.username)
            .first { $0.utf8.count >= 2 }
        let base = wanted ?? "user"
        return [base] + (2...5).map { "\(base)\($0)" } + ["\(base)-\(Base64URL.encode(randomness.bytes(9)))"]
    }

    /// Letters, digits, `.`, `-` and `_` of what comes before an `@`.
    private static func username(_ text: String) -> String {
        let kept = text.lowercased().prefix { $0 != "@" }.unicodeScalars.map { $0 == " " ? "." : $0 }.filter {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || ".-_".unicodeScalars.contains($0)
        }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: kept.prefix(40))
        return String(name)
    }
}
