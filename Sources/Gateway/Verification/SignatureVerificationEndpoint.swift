import Credentials
import FoundationEssentials
import Guard
import Hummingbird
import OAuthProtocol
import Runtime
import Web

/// `POST /v1/signatures/verify`: a service asks what the signature on a request that it received is worth (RFC 9421).
///
/// Answers callers that hold the `introspect` scope or are in the key's audience. To everybody else, and for every signature that
/// proves nothing, the answer is the same `{"active": false}`; the reason is in the audit log. A nonce is used up by the first answer
/// that says `active`, and by nothing else.
package struct SignatureVerificationEndpoint: Sendable {
    package static let path = "/v1/signatures/verify"

    private static let names = SignedMessageForm.names.union(VerificationWish.names)

    let callers: CallerAuthentication
    let signatures: SignedRequestVerification
    let limiter: RateLimiter
    let clock: any WallClock

    package init(callers: CallerAuthentication, signatures: SignedRequestVerification, limiter: RateLimiter, clock: any WallClock) {
        self.callers = callers
        self.signatures = signatures
        self.limiter = limiter
        self.clock = clock
    }

    package func respond(_ request: Request, _ context: GatehouseContext) async throws -> Response {
        let now = clock.now
        var request = request
        let caller = try await callers.require(&request, context, now: now)
        try limiter.require(caller.subject, clientID: caller.clientID, noting: context.rateLimits, now: now)
        let form = try await JSONForm.read(request, allowing: Self.names)
        let described = try SignedMessageForm(form)
        let wish = try VerificationWish(form)
        do {
            let signed = try await signatures.require(
                { () throws(MessageSignatureRefusal) in try described.message }, from: wish.address, asker: caller.clientID, now: now
            ) { credential throws(SignedRequestRefusal) in
                switch wish.judge(credential, caller) {
                case nil: return
                case .audience: throw .audience
                case .scope: throw .scope
                }
            }
            return Self.describe(signed)
        } catch is SignedRequestRefusal {
            return VerificationReply.inactive
        } catch let error as OAuthError where error.code == .tooManyRequests {
            return VerificationReply.limited(error)
        }
    }

    private static func describe(_ signed: SignedRequest) -> Response {
        let credential = signed.key.credential
        let signature = signed.signature
        var json = JSONWriter()
        json.object { json in
            json.field("active", true)
            VerificationReply.describe(credential, in: &json)
            json.field("algorithm", signature.algorithm.rawValue)
            json.field("label", signature.label)
            json.field("created", signature.createdAt.numericDate)
            if let expiresAt = signature.expiresAt { json.field("expires", expiresAt.numericDate) }
            if let tag = signature.tag { json.field("tag", tag) }
            json.array("components") { json in
                var text: [UInt8] = []
                for component in signature.components {
                    text.removeAll(keepingCapacity: true)
                    component.write(into: &text)
                    json.value(utf8: text)
                }
            }
        }
        return Reply.json(json.bytes)
    }
}
