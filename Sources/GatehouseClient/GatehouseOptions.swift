import AsyncHTTPClient
import FoundationEssentials
import OAuthProtocol
import Runtime

/// What may differ from one service to another. The defaults are meant to be kept.
public struct GatehouseOptions: Sendable {
    /// The kinds of API key, by their prefix.
    public enum KeyKind: String, Sendable, CaseIterable {
        /// `gh_live_…`: for production.
        case live
        /// `gh_test_…`: for trying things out.
        case test
        /// `gh_pub_…`: may be seen by anybody, and so proves next to nothing.
        case publishable = "pub"
    }

    /// Where this process reaches the issuer, when that is another address than the issuer itself: scheme, host and port, as within
    /// a container network. https, or http on the loopback interface.
    public var address: String?
    /// By how much the server's clock may differ from ours. Never more than a minute.
    public var clockTolerance: Duration = .seconds(10)

    /// How long one answer of the server may take, all of it.
    public var answerTimeMax: Duration = .seconds(5)
    /// How large one answer of the server may be.
    public var answerBytesMax = 262_144

    /// How long the published keys are kept where the server doesn't say (`Cache-Control: max-age`), and at most.
    public var keysAgeMax: Duration = .hours(1)
    /// For how long after that the keys are believed while the server can't be reached. An hour: as long as a token lives.
    public var keysStaleMax: Duration = .hours(1)
    /// Before their time the keys are not asked for more often than this, however many tokens name keys that we don't know.
    public var keysPause: Duration = .seconds(10)

    /// How long the server's word about a good API key or token is kept: so long after its revocation may it still be accepted.
    /// Zero turns the cache off, and every check asks the server.
    public var cacheAgeMax: Duration = .seconds(5)
    /// How long the server's word about a bad one is kept.
    public var cacheRefusalAgeMax: Duration = .seconds(1)
    /// How many words are kept.
    public var cacheCountMax = 10_000

    /// The kinds of API key that this service accepts.
    public var acceptedKeyKinds: Set<KeyKind> = [.live]
    /// Whether texts that aren't of our form are taken to the server: keys that were imported by their hash.
    public var acceptsForeignKeys = false

    /// How old a signature may be.
    public var signatureAgeMax: Duration = .seconds(300)
    /// How old the DPoP proof of a bound token may be.
    public var proofAgeMax: Duration = .seconds(300)
    /// How many nonces of signed messages are remembered, and as many identifiers of proofs. When they are that many, signed messages are refused until some have
    /// grown too old to be sent again.
    public var nonceCountMax = 200_000

    /// Tokens of our own are renewed when they have no longer than this to live.
    public var tokenReserve: Duration = .seconds(30)

    /// Makes the calls; nil: one for the process, which never follows redirects. Hand one in to trust a certificate authority of
    /// your own. It must not follow redirects, and whoever made it shuts it down.
    public var http: HTTPClient?
    /// The present; nil: the machine's clock.
    public var now: (@Sendable () -> Date)?

    /// The defaults.
    public init() {}

    var present: Date { now?() ?? SystemClock().now }

    /// - Throws: ``GatehouseError/misconfigured(_:)`` for values that would undo a protection.
    func check() throws(GatehouseError) {
        guard clockTolerance >= .zero, clockTolerance <= .seconds(60) else { throw .misconfigured("clockTolerance is over a minute") }
        guard answerTimeMax > .zero, answerBytesMax > 0 else { throw .misconfigured("answers need time and room") }
        guard keysAgeMax >= .seconds(60), keysAgeMax <= .hours(24), keysStaleMax >= .zero, keysStaleMax <= .hours(24) else {
            throw .misconfigured("keys are kept for a minute to a day")
        }
        guard keysPause >= .seconds(1) else { throw .misconfigured("keysPause is under a second") }
        guard cacheAgeMax >= .zero, cacheAgeMax <= .seconds(60), cacheRefusalAgeMax >= .zero, cacheRefusalAgeMax <= .seconds(60) else {
            throw .misconfigured("the cache keeps words for a minute at most")
        }
        guard signatureAgeMax >= .seconds(1), signatureAgeMax <= .seconds(3_600) else {
            throw .misconfigured("signatureAgeMax is over an hour")
        }
        guard proofAgeMax >= .seconds(1), proofAgeMax <= .seconds(3_600) else { throw .misconfigured("proofAgeMax is over an hour") }
        guard cacheCountMax > 0, nonceCountMax > 0, tokenReserve >= .zero else { throw .misconfigured("a limit is not positive") }
    }
}
