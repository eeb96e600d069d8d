import FoundationEssentials
import HTTPTypes
import Keys
import OAuthProtocol
import Runtime
import Synchronization

/// What the service behind the door is told of a caller: plain fields, and a short JWT for those who don't want to trust the wire.
///
/// Every field is there every time, empty where there is nothing to say, so that one which a client made up can't stay.
/// A JWT serves half its life, so that the hot path signs nothing.
final class ForwardAuthIdentities: Sendable {
    static let tokenType = "gatehouse-identity+jwt"
    static let lifetime: Duration = .seconds(60)
    private static let reusedFor: Duration = .seconds(30)
    private static let rememberedMax = 20_000

    private struct Key: Hashable {
        let proof: Caller.Proof
        let credentialID: String?
        let subject: String
        let origin: String
    }

    private struct Signed {
        let scopes: [String]
        let roles: [String]
        let clientID: String?
        let keyID: String
        let signedAt: Date
        let fields: HTTPFields
    }

    private let issuer: String
    private let keys: KeyRing
    private let remembered = Mutex<[Key: Signed]>([:])

    init(issuer: String, keys: KeyRing) {
        self.issuer = issuer
        self.keys = keys
    }

    /// - Throws: `SigningError`.
    func fields(for caller: Caller?, origin: String, now: Date) throws -> HTTPFields {
        guard let caller else { return Self.anonymous }
        let signer = try keys.signer(.es256, now: now)
        let key = Key(proof: caller.proof, credentialID: caller.credentialID, subject: caller.subject, origin: origin)
        // What it may do can have changed while it goes by the same name.
        if let held = remembered.withLock({ $0[key] }), held.signedAt <= now, now < held.signedAt + Self.reusedFor,
            held.keyID == signer.keyID,
            held.scopes == caller.scopes.array, held.roles == caller.roles, held.clientID == caller.clientID
        {
            return held.fields
        }
        let token = try signer.sign(type: Self.tokenType, payload: payload(caller, origin: origin, now: now))
        let signed = Signed(
            scopes: caller.scopes.array, roles: caller.roles, clientID: caller.clientID, keyID: signer.keyID, signedAt: now,
            fields: Self.fields(
                kind: caller.proof.rawValue, subject: caller.subject, client: caller.clientID, user: caller.userID?.uuidString.lowercased(),
                scopes: caller.scopes.array, roles: caller.roles, identity: token))
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax { remembered.removeAll(keepingCapacity: true) }
            remembered[key] = signed
        }
        return signed.fields
    }

    private func payload(_ caller: Caller, origin: String, now: Date) -> [UInt8] {
        let issuedAt = now.numericDate
        var json = JSONWriter()
        json.object { json in
            json.field("iss", issuer)
            json.field("sub", caller.subject)
            json.field("aud", origin)
            json.field("iat", issuedAt)
            json.field("exp", issuedAt + Int(Self.lifetime.components.seconds))
            json.field("proof", caller.proof.rawValue)
            json.field("client_id", ifPresent: caller.clientID)
            if !caller.scopes.isEmpty { json.field("scope", caller.scopes.description) }
            if !caller.roles.isEmpty { json.field("roles", caller.roles) }
            if caller.proof == .session { json.field("sid", ifPresent: caller.credentialID) }
        }
        return json.bytes
    }

    private static let anonymous = fields(kind: "anonymous", subject: "", client: nil, user: nil, scopes: [], roles: [], identity: "")

    private static func fields(
        kind: String, subject: String, client: String?, user: String?, scopes: [String], roles: [String], identity: String
    ) -> HTTPFields {
        var fields: HTTPFields = [:]
        fields[.gatehouseKind] = kind
        fields[.gatehouseSubject] = plain(subject)
        fields[.gatehouseClient] = plain(client ?? "")
        fields[.gatehouseUser] = plain(user ?? "")
        // Scope tokens are visible ASCII without a space (RFC 6749 §3.3).
        fields[.gatehouseScopes] = scopes.map(plain).joined(separator: " ")
        fields[.gatehouseRoles] = roles.map(plain).joined(separator: ",")
        fields[.gatehouseIdentity] = identity
        return fields
    }

    /// Visible ASCII without comma, space and percent sign; all else percent-encoded: nothing ends the field or reads as two values.
    static func plain(_ text: String) -> String {
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) { bytes.append(byte) } else { bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "%")
    }
}
