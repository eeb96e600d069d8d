import FoundationEssentials
import Runtime
import Testing

@testable import Keys

@Suite struct KeyRotationTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)
    private let rotation = KeyRotation()

    /// Two years in steps of 20 minutes to 3 hours, with outages of up to five days, and operators who rotate when they please.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func `over two years a published key signs and every token can be verified until it expires`(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var keys = SimulatedKeys(rotation)
        var tokens: [(keyID: String, expiresAt: Date)] = []
        var firstKeys: [SigningAlgorithm: String] = [:]
        var signers: Set<String> = []
        var now = start
        while now < start + .days(730) {
            keys.judge(now: now)
            #expect(rotation.judge(keys.lives, now: now).isEmpty, "a verdict carried out leaves nothing due")
            if seed > 0, Int.random(in: 0..<500, using: &generator) == 0 {
                keys.rotate(Bool.random(using: &generator) ? .es256 : .rs256, .announced, now: now)
            }
            for algorithm in SigningAlgorithm.allCases {
                let signer = try #require(keys.signer(algorithm, now: now))
                firstKeys[algorithm] = firstKeys[algorithm] ?? signer.keyID
                #expect(keys.standing(signer.keyID, now: now) == .signing)
                if signer.keyID != firstKeys[algorithm] {
                    #expect(signer.announcedAt + .hours(24) <= now, "no key signs before it was announced for 24 h")
                }
                signers.insert(signer.keyID)
                tokens.append((signer.keyID, now + rotation.timetable.tokenLifetimeMax))
            }
            let step = Int.random(in: 0..<100, using: &generator) == 0 ? 5 * 86_400 : 10_800
            now = now + .seconds(Int.random(in: 1_200...step, using: &generator))
            tokens.removeAll { $0.expiresAt < now }
            for keyID in Set(tokens.map(\.keyID)) {
                #expect(keys.standing(keyID, now: now)?.isPublished == true, "a token outlived its key")
            }
        }
        #expect(signers.count >= 2 * 8)
        #expect(keys.lives.count <= 2 * 12, "old keys are erased")
    }

    @Test func `the first key of each algorithm signs at once`() {
        #expect(rotation.judge([], now: start) == [.announce(.es256, signsAt: start), .announce(.rs256, signsAt: start)])
    }

    @Test func `a successor is announced a day before ninety days are over`() {
        let key = SigningKeyLife(keyID: "k", algorithm: .es256, announcedAt: start, signsAt: start)
        #expect(rotation.judge([key], algorithms: [.es256], now: start + .days(89) - .seconds(1)).isEmpty)
        #expect(
            rotation.judge([key], algorithms: [.es256], now: start + .days(89)) == [.announce(.es256, signsAt: start + .days(90))])
    }

    @Test func `a successor that comes late is announced for a full day all the same`() {
        let key = SigningKeyLife(keyID: "k", algorithm: .es256, announcedAt: start, signsAt: start)
        let late = start + .days(400)
        #expect(rotation.judge([key], algorithms: [.es256], now: late) == [.announce(.es256, signsAt: late + .hours(24))])
    }

    @Test func `a retired key leaves the JWKS, forgets its private half, and is erased in turn`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        keys.rotate(.es256, .announced, now: start + .days(1))
        let retiresAt = start + .days(2)
        let published = rotation.timetable.tokenLifetimeMax + rotation.timetable.publishedAfter
        #expect(keys.standing("k1", now: retiresAt - .seconds(1)) == .signing)
        #expect(keys.standing("k1", now: retiresAt) == .retired)
        #expect(keys.standing("k1", now: retiresAt + published - .seconds(1)) == .retired)
        #expect(keys.standing("k1", now: retiresAt + published) == .kept)
        keys.judge(now: retiresAt + published)
        #expect(keys.lives.first { $0.keyID == "k1" }?.hasPrivateKey == false)
        keys.judge(now: retiresAt + rotation.timetable.sessionLifetimeMax - .seconds(1))
        #expect(keys.standing("k1", now: retiresAt + rotation.timetable.sessionLifetimeMax - .seconds(1)) == .kept)
        keys.judge(now: retiresAt + rotation.timetable.sessionLifetimeMax)
        #expect(keys.standing("k1", now: retiresAt + rotation.timetable.sessionLifetimeMax) == nil)
    }

    @Test func `rotating while a successor is announced does nothing`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        keys.rotate(.rs256, .announced, now: start)
        keys.rotate(.rs256, .announced, now: start + .hours(1))
        #expect(keys.announced == 3)
        #expect(keys.signer(.rs256, now: start + .hours(2))?.keyID == "k2")
        #expect(keys.signer(.rs256, now: start + .hours(24))?.keyID == "k3")
    }

    @Test func `an immediate rotation signs at once and keeps the old key published`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        keys.rotate(.es256, .immediate, now: start + .days(3))
        #expect(keys.signer(.es256, now: start + .days(3))?.keyID == "k3")
        #expect(keys.standing("k1", now: start + .days(3)) == .retired)
    }

    @Test func `a compromised rotation withdraws the signing, the announced and the retired key`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        keys.rotate(.es256, .immediate, now: start + .hours(1))
        keys.rotate(.es256, .announced, now: start + .hours(2))
        let now = start + .hours(3)
        keys.rotate(.es256, .compromised, now: now)
        for keyID in ["k1", "k3", "k4"] {
            #expect(keys.standing(keyID, now: now) == .withdrawn)
            #expect(keys.lives.first { $0.keyID == keyID }?.hasPrivateKey == false)
        }
        #expect(keys.signer(.es256, now: now)?.keyID == "k5")
        #expect(keys.standing("k2", now: now) == .signing, "the other algorithm is left alone")
        keys.judge(now: now + rotation.timetable.sessionLifetimeMax)
        #expect(keys.standing("k1", now: now + rotation.timetable.sessionLifetimeMax) == nil)
    }

    @Test func `a compromise does not bring a kept key back into the JWKS`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        keys.rotate(.es256, .immediate, now: start + .days(1))
        keys.judge(now: start + .days(10))
        #expect(keys.standing("k1", now: start + .days(10)) == .kept)
        keys.rotate(.es256, .compromised, now: start + .days(10))
        #expect(keys.standing("k1", now: start + .days(10)) == .kept)
        #expect(keys.standing("k3", now: start + .days(10)) == .withdrawn)
    }

    @Test func `a node whose clock is behind signs with the first key`() {
        var keys = SimulatedKeys(rotation)
        keys.judge(now: start)
        #expect(keys.signer(.es256, now: start - .seconds(90))?.keyID == "k1")
    }
}
