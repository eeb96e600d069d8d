import HTTPTypes
import OAuthProtocol
import Web

/// A proxy's question as it came, read strictly: each field once, of bounded length, and of one reading.
struct ForwardAuthCheck {
    /// Why a question can't be read: for the proxy's log, and for ours.
    struct Flaw: Error {
        let description: String
    }

    let head: HTTPRequest
    /// What stands behind the dialect's own path.
    let appended: Substring
    let proxies: ForwardAuthProxies
    let certificates: ProxyCertificateSource

    func required(_ name: HTTPField.Name, bytesMax: Int) throws(Flaw) -> String {
        guard let value = try optional(name, bytesMax: bytesMax) else { throw Flaw(description: "\(name.rawName) is missing") }
        return value
    }

    /// - Returns: nil where the field is absent or empty.
    func optional(_ name: HTTPField.Name, bytesMax: Int) throws(Flaw) -> String? {
        let values = head.headerFields[values: name]
        guard values.count <= 1 else { throw Flaw(description: "\(name.rawName) is there twice") }
        guard let value = values.first, !value.isEmpty else { return nil }
        guard value.utf8.count <= bytesMax else { throw Flaw(description: "\(name.rawName) is too long") }
        return value
    }

    func method(_ text: String) throws(Flaw) -> String {
        let isMethod = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard (1...32).contains(text.utf8.count), isMethod else { throw Flaw(description: "the method is malformed") }
        return text
    }

    /// No proxy says whether there is a body, so every method that may have one counts as having it: a signature then has to cover
    /// `Content-Digest`, which the service behind compares (RFC 9530 §2).
    func body(_ method: String) -> SignableMessage.Body { ["GET", "HEAD", "OPTIONS"].contains(method) ? .none : .elsewhere }

    /// `http` or `https`; of a WebSocket, what it began as.
    func scheme(_ name: HTTPField.Name) throws(Flaw) -> String {
        switch try required(name, bytesMax: 8) {
        case "https", "wss": "https"
        case "http", "ws": "http"
        default: throw Flaw(description: "\(name.rawName) is neither http nor https")
        }
    }

    /// What the sender has proven to the proxy to hold the key of, as far as the proxy tells: DER, its own first.
    func clientCertificates() throws(Flaw) -> [[UInt8]] {
        guard let read = certificates.read(head.headerFields) else { throw Flaw(description: "the client's certificate can't be read") }
        return read
    }

    /// Whom the proxy saw: the last address of the list that is not a proxy of ours; what stands before it, anybody can have written.
    func senderAddress(_ name: HTTPField.Name) throws(Flaw) -> String {
        let entries = try required(name, bytesMax: 1_024).split(separator: ",", omittingEmptySubsequences: false)
        guard entries.count <= 20 else { throw Flaw(description: "\(name.rawName) has too many addresses") }
        var address = ""
        for entry in entries.reversed() {
            address = String(entry.drop { $0 == " " })
            guard AddressNetwork(parsing: address) != nil, !address.utf8.contains(UInt8(ascii: "/")) else {
                throw Flaw(description: "\(name.rawName) holds something that is no address")
            }
            guard proxies.contains(address) else { break }
        }
        return address
    }
}
