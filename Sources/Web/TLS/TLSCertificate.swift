import FoundationEssentials
import NIOSSL

/// A server's certificate with its key, read and found to belong together.
package struct TLSCertificate: Sendable {
    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    package let startsAt: Date
    package let expiresAt: Date
    /// The files' bytes, to see whether they have changed.
    let sources: [[UInt8]]

    private static let chainMax = 10

    /// - Throws: `TLSProblem`.
    package init(_ files: TLSFiles) throws(TLSProblem) {
        try self.init(files, sources: [try files.read(files.certificate), try files.read(files.privateKey)])
    }

    init(_ files: TLSFiles, sources: [[UInt8]]) throws(TLSProblem) {
        self.sources = sources
        let chain = (try? NIOSSLCertificate.fromPEMBytes(sources[0])) ?? []
        guard let leaf = chain.first else { throw TLSProblem("\(files.certificate) holds no certificate in PEM") }
        guard chain.count <= Self.chainMax else { throw TLSProblem("\(files.certificate) holds more than \(Self.chainMax) certificates") }
        self.chain = chain
        guard let privateKey = try? NIOSSLPrivateKey(bytes: sources[1], format: .pem) else {
            throw TLSProblem("\(files.privateKey) holds no private key in PEM, or one under a passphrase, which nobody could type in")
        }
        self.privateKey = privateKey
        startsAt = Date(timeIntervalSince1970: TimeInterval(leaf.notValidBefore))
        expiresAt = Date(timeIntervalSince1970: TimeInterval(leaf.notValidAfter))
        do {
            _ = try context(versionMin: .tls13, asksForCertificate: false)
        } catch {
            throw TLSProblem("the key in \(files.privateKey) does not belong to the first certificate in \(files.certificate)")
        }
    }

    /// What connections are made from. Nothing is read from disk, so that an event loop may call it.
    func context(versionMin: TLSVersionMin, asksForCertificate: Bool) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = versionMin == .tls13 ? .tlsv13 : .tlsv12
        configuration.cipherSuiteValues = Self.cipherSuites
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // Whom a certificate comes from is judged later; the system's own authorities have no say in it.
        configuration.trustRoots = .certificates([])
        configuration.certificateVerification = asksForCertificate ? .optionalVerification : .none
        if asksForCertificate { configuration.verifySignatureAlgorithms = Self.proofAlgorithms }
        return try NIOSSLContext(configuration: configuration)
    }

    /// For TLS 1.2, where all else is weak: ephemeral keys and authenticated encryption. Version 1.3 has nothing else (RFC 9325 §4.2).
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// How clients may prove that they hold their key: BoringSSL's own list without SHA-1, and with Ed25519.
    private static let proofAlgorithms: [SignatureAlgorithm] = [
        .ecdsaSecp256R1Sha256, .ed25519, .rsaPssRsaeSha256, .rsaPkcs1Sha256, .ecdsaSecp384R1Sha384, .rsaPssRsaeSha384, .rsaPkcs1Sha384,
        .ecdsaSecp521R1Sha512, .rsaPssRsaeSha512, .rsaPkcs1Sha512,
    ]
}
