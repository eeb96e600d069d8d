import FoundationEssentials
import HTTPTypes
import Hummingbird
import Keys
import Web

/// `/oauth2/jwks` (RFC 7517 §5): the public keys, as the key ring prepared them. A new key is announced 24 h before it signs,
/// so an hour in a cache is safe.
package struct JWKSEndpoint: Sendable {
    let keys: KeyRing

    package init(keys: KeyRing) {
        self.keys = keys
    }

    package func respond(_ request: Request, _ context: GatehouseContext) -> Response {
        let document = keys.publishedKeys
        if matches(request.headers[values: .ifNoneMatch], document.etag) {
            return Response(status: .notModified, headers: [.eTag: document.etag, .cacheControl: "public, max-age=3600"])
        }
        var response = Reply.json(document.jwks, isStored: true, headers: [.cacheControl: "public, max-age=3600"])
        response.headers[.contentType] = "application/jwk-set+json"
        response.headers[.eTag] = document.etag
        return response
    }

    /// RFC 9110 §13.1.2: a list, `*`, and tags that a proxy has weakened.
    private func matches(_ fields: [String], _ etag: String) -> Bool {
        fields.contains { field in
            field.split(separator: ",").contains { tag in
                let tag = tag.drop { $0 == " " }.prefix { $0 != " " }
                return tag == "*" || tag == etag || (tag.hasPrefix("W/") && tag.dropFirst(2) == etag)
            }
        }
    }
}
