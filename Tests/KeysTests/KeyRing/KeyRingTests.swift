import FoundationEssentials
import Logging
import OAuthProtocol
import Postgres
import Runtime
import TestKit
import Testing

@testable import Keys

@Suite struct KeyRingTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)
    private let masterKeys = MasterKeys.generate(keyID: "first", randomness: SystemRandomness())

    private func makeRing(_ database: Database, _ masterKeys: MasterKeys? = nil) -> KeyRing {
        KeyRing(
            database: database, masterKeys: masterKeys ?? self.masterKeys, randomness: SystemRandomness(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func keyIDs(_ ring: KeyRing) throws -> [String] {
        try JWKSet(parsing: ring.jwks).keys.compactMap(\.keyID)
    }

    @Test func `the first load makes a key of each algorithm that signs at once and is published`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            #expect(throws: SigningError.noSigner(.es256)) { try ring.signer(.es256, now: start) }
            try await ring.load(now: start)
            for algorithm in SigningAlgorithm.allCases {
                let signer = try ring.signer(algorithm, now: start)
                #expect(try keyIDs(ring).contains(signer.keyID))
                let token = try signer.sign(type: "JWT", payload: Array("{}".utf8))
                let parts = token.split(separator: ".")
                let key = try #require(ring.verificationKey(keyID: signer.keyID, algorithm: algorithm.rawValue, now: start))
                let signature = try #require(Base64URL.decode(parts[2]))
                #expect(await key.isValid(signature, for: Array("\(parts[0]).\(parts[1])".utf8)))
            }
        }
    }

    @Test func `the JWKS shows public members only`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let keys = try #require(JSONValue(parsing: ring.jwks)["keys"]?.array)
            #expect(keys.count == 2)
            for key in keys {
                let members = Set(try #require(key.object).keys)
                let isRSA = key["kty"]?.string == "RSA"
                #expect(members == Set(["kty", "kid", "alg", "use"] + (isRSA ? ["n", "e"] : ["crv", "x", "y"])))
                #expect(key["use"]?.string == "sig")
                #expect(key["alg"]?.string == (isRSA ? "RS256" : "ES256"))
                #expect(try key["kid"]?.string == JWK(parsing: key).thumbprint)
            }
        }
    }

    @Test func `ten nodes that start at once agree on the keys`() async throws {
        try await TestDatabase.withDatabase { database in
            let rings = (0..<10).map { _ in makeRing(database) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ring in rings { group.addTask { try await ring.load(now: start) } }
                try await group.waitForAll()
            }
            #expect(try await rings[0].list(now: start).count == 2)
            #expect(Set(rings.map(\.etag)).count == 1)
            for algorithm in SigningAlgorithm.allCases {
                #expect(Set(try rings.map { try $0.signer(algorithm, now: start).keyID }).count == 1)
            }
        }
    }

    @Test func `a node that waited for another takes the keys that the other made`() async throws {
        try await TestDatabase.withDatabase { database in
            let store = SigningKeyStore()
            let ring = makeRing(database)
            let loading = try await database.transaction { transaction in
                try await store.lock(transaction)
                let loading = Task { try await ring.load(now: start) }
                let waiting = "select count(*) from pg_locks where relation = 'signing_keys'::regclass and not granted"
                while try await database.first(waiting, { try $0.int(0) }) == 0 { await Task.yield() }
                for algorithm in SigningAlgorithm.allCases {
                    let row = try SigningKeyRow(
                        sealing: try algorithm.privateKeyType.generate(),
                        life: { SigningKeyLife(keyID: $0, algorithm: algorithm, announcedAt: start, signsAt: start) },
                        masterKeys: masterKeys, randomness: SystemRandomness())
                    try await store.insert(row, transaction)
                }
                return loading
            }
            try await loading.value
            #expect(try await ring.list(now: start).count == 2)
            #expect(try keyIDs(ring).count == 2)
        }
    }

    @Test func `an unknown key or another algorithm verifies nothing`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let keyID = try ring.signer(.es256, now: start).keyID
            #expect(ring.verificationKey(keyID: keyID, algorithm: "RS256", now: start) == nil)
            #expect(ring.verificationKey(keyID: "unknown", algorithm: "ES256", now: start) == nil)
            #expect(ring.hintVerificationKey(keyID: keyID, algorithm: "RS256") == nil)
        }
    }

    @Test func `a rotation is announced, takes over after a day, and the old key verifies until its tokens are gone`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let old = try ring.signer(.es256, now: start).keyID
            try await ring.rotate(.es256, now: start)
            #expect(try ring.signer(.es256, now: start + .hours(24) - .seconds(1)).keyID == old)
            let new = try ring.signer(.es256, now: start + .hours(24)).keyID
            #expect(new != old)
            #expect(try keyIDs(ring).first == new, "newest first")
            #expect(try keyIDs(ring).count == 3)
            let gone = start + .hours(24 + 48)
            #expect(ring.verificationKey(keyID: old, algorithm: "ES256", now: gone - .seconds(1)) != nil)
            #expect(ring.verificationKey(keyID: old, algorithm: "ES256", now: gone) == nil, "without another load")
            try await ring.load(now: gone)
            #expect(try !keyIDs(ring).contains(old))
            #expect(ring.verificationKey(keyID: old, algorithm: "ES256", now: gone) == nil)
            #expect(ring.hintVerificationKey(keyID: old, algorithm: "ES256") != nil)
            let stored = try await database.first("select private_key from signing_keys where key_id = $1", [.text(old)]) { $0.isNull(0) }
            #expect(stored == true, "the private half is erased")
            let restarted = makeRing(database)
            try await restarted.load(now: gone)
            #expect(restarted.hintVerificationKey(keyID: old, algorithm: "ES256") != nil)
            #expect(restarted.etag == ring.etag)
        }
    }

    @Test func `a compromised key stops at once on every node that loads`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            let other = makeRing(database)
            try await ring.load(now: start)
            try await other.load(now: start)
            let old = try ring.signer(.rs256, now: start).keyID
            let now = start + .hours(5)
            try await ring.rotate(.rs256, compromised: true, now: now)
            try await other.load(now: now)
            for node in [ring, other] {
                #expect(try node.signer(.rs256, now: now).keyID != old)
                #expect(try !keyIDs(node).contains(old))
                #expect(node.verificationKey(keyID: old, algorithm: "RS256", now: now) == nil)
                #expect(node.hintVerificationKey(keyID: old, algorithm: "RS256") == nil)
            }
            let summary = try await ring.list(now: now).first { $0.keyID == old }
            #expect(summary?.standing == .withdrawn)
        }
    }

    @Test func `an immediate rotation signs at once and keeps the old key published`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let old = try ring.signer(.es256, now: start).keyID
            try await ring.rotate(.es256, immediately: true, now: start + .hours(1))
            #expect(try ring.signer(.es256, now: start + .hours(1)).keyID != old)
            #expect(ring.verificationKey(keyID: old, algorithm: "ES256", now: start + .hours(1)) != nil)
        }
    }

    @Test func `an unknown master key is named, and what was loaded stays in use`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let stranger = makeRing(database, MasterKeys.generate(keyID: "second", randomness: SystemRandomness()))
            let error = await #expect(throws: KeyRingError.self) { try await stranger.load(now: start) }
            guard case .masterKeyMissing(let masterKeyID, _) = try #require(error) else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(masterKeyID == "first")
            #expect("\(error as Any)".contains("first"))
            await #expect(throws: KeyRingError.self) { try await stranger.load(now: start + .days(89)) }
            await #expect(throws: KeyRingError.self) { try await stranger.rotate(.es256, now: start) }
            #expect(try await ring.list(now: start).count == 2, "a node that can't open the keys adds none")
            #expect(try !ring.signer(.es256, now: start).keyID.isEmpty)
        }
    }

    @Test func `after the loss of the master key compromised rotations start afresh`() async throws {
        try await TestDatabase.withDatabase { database in
            try await makeRing(database).load(now: start)
            let ring = makeRing(database, MasterKeys.generate(keyID: "second", randomness: SystemRandomness()))
            // The other algorithm's key can't be opened yet.
            await #expect(throws: KeyRingError.self) { try await ring.rotate(.es256, compromised: true, now: start + .hours(1)) }
            try await ring.rotate(.rs256, compromised: true, now: start + .hours(1))
            #expect(try keyIDs(ring).count == 2)
            try await ring.load(now: start + .hours(2))
        }
    }

    @Test func `keys move to a new master key, after which the old one can go`() async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let second = MasterKeys.generate(keyID: "second", randomness: SystemRandomness())
            let both = try MasterKeys(parsing: "\(second.text),\(masterKeys.text)")
            try await Reencryption(database, tables: [.signingKeys], masterKeys: both, randomness: SystemRandomness()).run()
            let withoutOld = makeRing(database, second)
            try await withoutOld.load(now: start)
            #expect(withoutOld.etag == ring.etag)
            #expect(try await withoutOld.list(now: start).allSatisfy { $0.masterKeyID == "second" })
        }
    }

    @Test(arguments: ["private_key", "public_key"])
    func `a key half that was copied to another row is refused`(column: String) async throws {
        try await TestDatabase.withDatabase { database in
            let ring = makeRing(database)
            try await ring.load(now: start)
            let ids = try await ring.list(now: start).map(\.keyID)
            if column == "public_key" {
                try await database.execute("update signing_keys set private_key = null")
            }
            try await database.execute(
                "update signing_keys set \(column) = (select \(column) from signing_keys where key_id = $1) where key_id = $2",
                [.text(ids[0]), .text(ids[1])])
            await #expect(throws: KeyRingError.altered(signingKeyID: ids[1])) { try await makeRing(database).load(now: start) }
        }
    }

    @Test func `a key of an algorithm that this program does not know is left alone`() async throws {
        try await TestDatabase.withDatabase { database in
            try await database.execute(
                """
                insert into signing_keys (key_id, algorithm, announced_at, signs_at, private_key, public_key)
                values ('future', 'ML-DSA-65', $1, $1, 'x', 'x')
                """, [.timestamp(start)])
            let ring = makeRing(database)
            try await ring.load(now: start)
            #expect(try keyIDs(ring).count == 2)
            #expect(try await ring.list(now: start).count == 2)
        }
    }
}
