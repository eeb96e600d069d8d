import Crypto
import FoundationEssentials
import Keys
import OAuthProtocol
import Runtime

/// A browser that has been sent to a provider and is expected back.
struct FederationFlow: Sendable {
    /// What the person is doing.
    enum Purpose: Sendable, Equatable {
        case signIn(UUID)
        /// A signed-in person adds a way to sign in.
        case link(session: UUID)
    }

    static let lifetime: Duration = .minutes(30)

    let id: UUID
    let providerID: String
    let purpose: Purpose
    let nonce: String
    /// RFC 7636 §4.1.
    let codeVerifier: String
    /// Of the sign-in, to go back to its page.
    let handle: String?
    /// Whether the provider was asked to have the person prove themselves anew (`prompt=login`).
    let asksForProof: Bool
    /// Whether it must say so: an application that asks for proof is told when it was (`auth_time`). Our own pages ask as well, but do with a
    /// provider that has no word for it, as any sign-in does: else its people could never change how they sign in.
    let requiresProof: Bool
    let createdAt: Date

    static func make(
        providerID: String, purpose: Purpose, handle: String?, asksForProof: Bool, requiresProof: Bool,
        randomness: any Randomness, now: Date
    ) -> FederationFlow {
        FederationFlow(
            id: randomness.uuid(at: now), providerID: providerID, purpose: purpose, nonce: Base64URL.encode(randomness.bytes(32)),
            codeVerifier: Base64URL.encode(randomness.bytes(32)), handle: handle, asksForProof: asksForProof, requiresProof: requiresProof,
            createdAt: now)
    }

    var codeChallenge: String { Base64URL.encode(SHA256.hash(data: Array(codeVerifier.utf8))) }

    /// What is sealed.
    var secrets: JSONValue {
        var members: [String: JSONValue] = [
            "nonce": .string(nonce), "code_verifier": .string(codeVerifier), "asks_for_proof": .bool(asksForProof),
            "requires_proof": .bool(requiresProof),
        ]
        members["handle"] = handle.map(JSONValue.string)
        return .object(members)
    }
}
