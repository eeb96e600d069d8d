import GatehouseClient
import HTTPTypes
import Hummingbird
import NIOCore

/// Finds out who calls a service, and refuses whoever can't prove it: access tokens and API keys under `Authorization: Bearer`
/// (RFC 6750 §2.1), and signed requests (RFC 9421). The caller is then `context.caller`.
///
/// ```swift
/// router.add(middleware: GatehouseMiddleware(gatehouse, requiring: "notes:read"))
/// ```
///
/// Refusals: 401 with a challenge, 403 `insufficient_scope`, 400 for two proofs at once, 413 for a signed body that is too
/// large, 429, and 503 where the server can't be asked; each with a JSON body after RFC 6750 §3.
public struct GatehouseMiddleware<Context: GatehouseRequestContext>: RouterMiddleware {
    private let client: GatehouseClient
    private let scopes: [String]
    private let signatures: GatehouseSignatures
    private let proofOrigin: String?
    private let introspects: Bool
    private let letsAnonymousThrough: Bool
    private let bodyBytesMax: Int

    /// - Parameters:
    ///   - client: whom to ask.
    ///   - scopes: what every caller must hold; see ``RequireScope`` for single routes.
    ///   - signatures: which signed requests are accepted.
    ///   - proofOrigin: scheme, host and port as callers know the service (`https://notes.example`), where tokens that are bound to a key are
    ///     accepted (`Authorization: DPoP`, RFC 9449); nil: they are not. A setting and not the `Host` field, as in ``GatehouseSignatures``.
    ///   - introspects: whether access tokens are taken to the server (RFC 7662), so that revoked ones are refused within seconds,
    ///     instead of being validated by the published keys.
    ///   - letsAnonymousThrough: whether requests without any proof go on, with no caller. A bad proof is refused all the same.
    ///   - bodyBytesMax: how large the body of a signed request may be: it is read before it reaches the handler.
    public init(
        _ client: GatehouseClient, requiring scopes: String..., signatures: GatehouseSignatures = .none, proofOrigin: String? = nil,
        introspects: Bool = false, letsAnonymousThrough: Bool = false, bodyBytesMax: Int = 1_048_576
    ) {
        self.client = client
        self.scopes = scopes
        self.signatures = signatures
        self.proofOrigin = proofOrigin
        self.introspects = introspects
        self.letsAnonymousThrough = letsAnonymousThrough
        self.bodyBytesMax = bodyBytesMax
    }

    /// Hummingbird's part.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var request = request
        var context = context
        do {
            context.caller = try await caller(&request, context)
            if let caller = context.caller {
                try caller.require(scopes)
            } else if !letsAnonymousThrough || !scopes.isEmpty {
                return reply(.missing)
            }
        } catch let error as GatehouseError {
            return reply(GatehouseReply(error))
        } catch let refusal as GatehouseReply {
            return reply(refusal)
        }
        return try await next(request, context)
    }

    private func reply(_ reply: GatehouseReply) -> Response {
        reply.reply(scopes: scopes, takesProofs: proofOrigin != nil)
    }

    private func caller(_ request: inout Request, _ context: Context) async throws -> GatehouseCaller? {
        let proofs = request.headers[values: .authorization]
        // Two readers could each take another one of them.
        guard proofs.count <= 1 else { throw GatehouseReply.ambiguous }
        let isSigned = signatures.origin != nil && request.headers[.signatureInput] != nil
        guard proofs.isEmpty || !isSigned else { throw GatehouseReply.ambiguous }
        if let proof = proofs.first { return try await holder(proof, request, context) }
        guard isSigned, let origin = signatures.origin else { return nil }
        let message = try await message(&request, origin: origin)
        switch signatures {
        case .none: return nil
        case .keys(_, let find): return try await client.authenticate(message, keys: find)
        case .server: return try await client.authenticate(message, address: context.callerAddress)
        }
    }

    private func holder(_ authorization: String, _ request: Request, _ context: Context) async throws -> GatehouseCaller {
        let words = authorization.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { throw GatehouseReply.missing }
        let text = String(words[1].trimmingPrefix { $0 == " " })
        switch (words[0].lowercased(), proofOrigin) {
        case ("bearer", _):
            // Access tokens are JWTs: three parts. Whatever else there is can only be a key.
            guard text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2, !GatehouseClient.isAPIKey(text) else {
                return try await client.authenticate(apiKey: text, address: context.callerAddress)
            }
            return try await token(text, context, proof: nil)
        case ("dpop", let origin?):
            return try await token(
                text, context,
                proof: GatehouseTokenProof(
                    fields: request.headers[values: .dpop], method: request.method.rawValue, uri: origin + request.uri.string))
        default:
            throw GatehouseReply.missing
        }
    }

    private func token(_ text: String, _ context: Context, proof: GatehouseTokenProof?) async throws -> GatehouseCaller {
        introspects
            ? try await client.introspect(text, certificate: context.callerCertificate, proof: proof)
            : try await client.authenticate(token: text, certificate: context.callerCertificate, proof: proof)
    }

    /// The request as it was signed. Its body is read, and still there for the handler.
    private func message(_ request: inout Request, origin: String) async throws -> GatehouseMessage {
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: bodyBytesMax)
        } catch is NIOTooManyBytesError {
            throw GatehouseReply.tooLarge
        }
        // What Hummingbird sets apart comes back into its place; `Host` is not covered as a field.
        let fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        return .request(
            method: request.method.rawValue, uri: origin + request.uri.string, fields: fields,
            body: body.readableBytes == 0 ? nil : Array(body.readableBytesView))
    }
}

extension HTTPField.Name {
    /// RFC 9449 §4.1
    fileprivate static let dpop = HTTPField.Name("DPoP") ?? .authorization
    /// RFC 9421 §4.1
    fileprivate static let signatureInput = HTTPField.Name("Signature-Input") ?? .authorization
}
