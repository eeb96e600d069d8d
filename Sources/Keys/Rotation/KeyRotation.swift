import FoundationEssentials
import Runtime

/// Judges which signing keys are due to be announced, forgotten or erased. Pure: the same keys and instant give the same verdict on
/// every node.
package struct KeyRotation: Sendable {
    /// What a verdict asks for.
    package enum Action: Sendable, Equatable {
        /// A new key goes into the JWKS now and signs from `signsAt` on.
        case announce(SigningAlgorithm, signsAt: Date)
        /// Compromised: the key leaves the JWKS now, its private half is erased.
        case withdraw(keyID: String)
        /// The key is out of the JWKS: its private half is of use to thieves only.
        case forgetPrivateKey(keyID: String)
        /// Nothing can ask for the key any more.
        case erase(keyID: String)
    }

    /// How an operator's rotation takes effect.
    package enum Urgency: Sendable {
        /// After the usual announcement.
        case announced
        /// At once: caches of the JWKS may not know the key for up to its max-age.
        case immediate
        /// At once, and every key of the algorithm whose private half exists is withdrawn: tokens signed with them fail from now on.
        case compromised
    }

    package let timetable: KeyRotationTimetable

    package init(timetable: KeyRotationTimetable = KeyRotationTimetable()) {
        self.timetable = timetable
    }

    /// What is due at `now`, nothing when all is well. The very first key of an algorithm signs at once, as nobody can have cached
    /// a JWKS without it.
    package func judge(_ keys: [SigningKeyLife], algorithms: [SigningAlgorithm] = SigningAlgorithm.allCases, now: Date) -> [Action] {
        var actions: [Action] = []
        for algorithm in algorithms {
            guard let newest = usable(keys, algorithm).first else {
                actions.append(.announce(algorithm, signsAt: now))
                continue
            }
            let due = newest.signsAt + timetable.signing
            if due - timetable.announcement <= now {
                actions.append(.announce(algorithm, signsAt: max(due, now + timetable.announcement)))
            }
        }
        for key in keys {
            switch standing(of: key, among: keys, now: now) {
            case .announced, .signing, .retired: break
            case .kept: if key.hasPrivateKey { actions.append(.forgetPrivateKey(keyID: key.keyID)) }
            case .withdrawn: if key.hasPrivateKey { actions.append(.forgetPrivateKey(keyID: key.keyID)) }
            case .expired: actions.append(.erase(keyID: key.keyID))
            }
        }
        return actions
    }

    /// What an operator's wish to rotate comes to. Nothing when a successor is already announced and the matter isn't urgent.
    package func judgeRotation(
        _ keys: [SigningKeyLife], algorithm: SigningAlgorithm, urgency: Urgency, now: Date
    ) -> [Action] {
        switch urgency {
        case .announced:
            let isAnnounced = usable(keys, algorithm).contains { $0.signsAt > now }
            return isAnnounced ? [] : [.announce(algorithm, signsAt: now + timetable.announcement)]
        case .immediate:
            return [.announce(algorithm, signsAt: now)]
        case .compromised:
            // Who could read one private key could read its neighbours: the announced and the retired ones go too.
            let leaked = usable(keys, algorithm).filter(\.hasPrivateKey)
            return leaked.map { .withdraw(keyID: $0.keyID) } + [.announce(algorithm, signsAt: now)]
        }
    }

    /// The key that signs at `now`: of those whose time has come the newest. When none has come – this node's clock is behind
    /// the one that made the first key – the earliest.
    package func signer(_ keys: [SigningKeyLife], algorithm: SigningAlgorithm, now: Date) -> SigningKeyLife? {
        let able = usable(keys, algorithm).filter(\.hasPrivateKey)
        return able.first { $0.signsAt <= now } ?? able.last
    }

    /// Where `key` is in its life at `now`.
    package func standing(of key: SigningKeyLife, among keys: [SigningKeyLife], now: Date) -> KeyStanding {
        if let withdrawnAt = key.withdrawnAt {
            return withdrawnAt + timetable.sessionLifetimeMax <= now ? .expired : .withdrawn
        }
        guard key.signsAt <= now else { return .announced }
        guard let retiresAt = retiresAt(key, among: keys), retiresAt <= now else { return .signing }
        if now < retiresAt + publishedAfterRetirement { return .retired }
        return now < retiresAt + max(publishedAfterRetirement, timetable.sessionLifetimeMax) ? .kept : .expired
    }

    /// When the next key of the algorithm takes over; nil while none is announced.
    package func retiresAt(_ key: SigningKeyLife, among keys: [SigningKeyLife]) -> Date? {
        keys.filter { $0.algorithm == key.algorithm && $0.everSigns && SigningKeyLife.isNewer($0, key) }.map(\.signsAt).min()
    }

    /// When the key leaves the JWKS; nil while no successor is announced.
    package func publishedUntil(_ key: SigningKeyLife, among keys: [SigningKeyLife]) -> Date? {
        key.withdrawnAt ?? retiresAt(key, among: keys).map { $0 + publishedAfterRetirement }
    }

    /// From the last signature on: the life of that token, and some more for clocks and late readers.
    private var publishedAfterRetirement: Duration { timetable.tokenLifetimeMax + timetable.publishedAfter }

    /// The keys of an algorithm that were not withdrawn, newest first.
    private func usable(_ keys: [SigningKeyLife], _ algorithm: SigningAlgorithm) -> [SigningKeyLife] {
        keys.filter { $0.algorithm == algorithm && $0.withdrawnAt == nil }.sorted(by: SigningKeyLife.isNewer)
    }
}
