import FoundationEssentials
import Runtime

@testable import Keys

/// Signing keys under a rotation, with no database and no key material, over simulated time.
struct SimulatedKeys {
    let rotation: KeyRotation
    private(set) var lives: [SigningKeyLife] = []
    private(set) var announced = 0

    init(_ rotation: KeyRotation = KeyRotation()) {
        self.rotation = rotation
    }

    mutating func judge(now: Date) {
        apply(rotation.judge(lives, now: now), now: now)
    }

    mutating func rotate(_ algorithm: SigningAlgorithm, _ urgency: KeyRotation.Urgency, now: Date) {
        apply(rotation.judgeRotation(lives, algorithm: algorithm, urgency: urgency, now: now), now: now)
    }

    func signer(_ algorithm: SigningAlgorithm, now: Date) -> SigningKeyLife? {
        rotation.signer(lives, algorithm: algorithm, now: now)
    }

    func standing(_ keyID: String, now: Date) -> KeyStanding? {
        lives.first { $0.keyID == keyID }.map { rotation.standing(of: $0, among: lives, now: now) }
    }

    private mutating func apply(_ actions: [KeyRotation.Action], now: Date) {
        for action in actions {
            switch action {
            case .announce(let algorithm, let signsAt):
                announced += 1
                lives.append(SigningKeyLife(keyID: "k\(announced)", algorithm: algorithm, announcedAt: now, signsAt: signsAt))
            case .withdraw(let keyID):
                change(keyID) {
                    $0.withdrawnAt = now
                    $0.hasPrivateKey = false
                }
            case .forgetPrivateKey(let keyID): change(keyID) { $0.hasPrivateKey = false }
            case .erase(let keyID): lives.removeAll { $0.keyID == keyID }
            }
        }
    }

    private mutating func change(_ keyID: String, _ body: (inout SigningKeyLife) -> Void) {
        if let index = lives.firstIndex(where: { $0.keyID == keyID }) { body(&lives[index]) }
    }
}

/// A seeded generator (SplitMix64), so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
