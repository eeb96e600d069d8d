// swift-tools-version: 6.2
import PackageDescription

// The house plan: each wing is a target and may depend only on targets listed above it,
// so the compiler keeps the order (docs/design.md).

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny")
]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")

func wing(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swiftSettings)
}

let package = Package(
    name: "gatehouse",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "gatehouse", targets: ["gatehouse"]),
        .library(name: "GatehouseClient", targets: ["GatehouseClient"]),
        .library(name: "GatehouseHummingbird", targets: ["GatehouseHummingbird"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        // System C libraries, in quarantine behind module maps.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // Words, messages and proofs of the protocols: pure, no I/O, no clock.
        wing("OAuthProtocol", [crypto, .product(name: "JWTKit", package: "jwt-kit")]),
        // Connection, pool, rows, migrator, private cluster: knows no table of ours.
        wing("Postgres", ["CLibpq", crypto, logging, lifecycle, .product(name: "DequeModule", package: "swift-collections")]),
        // Clock, randomness, jobs, memory.
        wing("Runtime", ["CMalloc", logging, lifecycle]),
        // Events of record.
        wing("Audit", ["Runtime", "Postgres"]),
        // Signing keys and their rotation, encryption, opaque tokens.
        wing("Keys", ["Audit", "Runtime", "Postgres", "OAuthProtocol", "COpenSSL", crypto, logging]),
        // Middlewares, forms, pages, error replies, TLS, proxies.
        wing(
            "Web",
            [
                "Keys", "Runtime", "Postgres", "OAuthProtocol", hummingbird, logging, crypto, nio, nioSSL,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        // Limits on attempts.
        wing("Guard", ["Web", "Audit", "Runtime", "Postgres", "OAuthProtocol", crypto]),
        // Calls to other servers, guarded against SSRF.
        wing("Outbound", ["Web", "Runtime", "OAuthProtocol", httpClient, nio, .product(name: "NIOPosix", package: "swift-nio")]),
        // Users, sign-in, sessions, providers of others.
        wing(
            "Accounts",
            ["Outbound", "Guard", "Web", "Keys", "Audit", "Runtime", "Postgres", "OAuthProtocol", "CArgon2", hummingbird, crypto, logging]),
        // API keys, client certificates.
        wing(
            "Credentials",
            ["Accounts", "Guard", "Web", "Keys", "Audit", "Runtime", "Postgres", "OAuthProtocol", "COpenSSL", crypto, x509, asn1]),
        // Clients, grants, tokens, OpenID Connect.
        wing("OAuth", ["Credentials", "Accounts", "Guard", "Web", "Keys", "Audit", "Runtime", "Postgres", "OAuthProtocol", hummingbird]),
        // Who is calling, and what their credentials are worth.
        wing(
            "Gateway",
            ["OAuth", "Credentials", "Accounts", "Guard", "Web", "Audit", "Runtime", "Postgres", "Keys", "OAuthProtocol", hummingbird]),
        // People's own pages.
        wing("Console", ["OAuth", "Accounts", "Guard", "Web", "Keys", "Audit", "Runtime", "Postgres", "OAuthProtocol", hummingbird]),
        // Every route on one screen, services, settings, start-up.
        wing(
            "GatehouseServer",
            [
                "Console", "Gateway", "OAuth", "Outbound", "Credentials", "Accounts", "Guard", "Web", "Keys", "Audit", "Runtime",
                "Postgres", "OAuthProtocol",
                hummingbird, lifecycle, nio,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
            ]),
        // The relying party that `make run` shows; a client of the server, never a part of it.
        wing("DemoApplication", ["Web", "Runtime", "OAuthProtocol", hummingbird, httpClient, crypto, lifecycle, logging]),
        // A service's side: validates, introspects, verifies, signs (product). The server never imports it.
        wing("GatehouseClient", ["Runtime", "OAuthProtocol", httpClient, crypto, logging, nio]),
        // Middleware for services on Hummingbird (product).
        wing("GatehouseHummingbird", ["GatehouseClient", hummingbird, nio]),
        // A service that takes tokens, API keys and signatures; no part of the server.
        .executableTarget(
            name: "NotesExample", dependencies: ["GatehouseHummingbird", "GatehouseClient", hummingbird], path: "Examples/notes",
            exclude: ["README.md"], swiftSettings: swiftSettings),
        // Commands only: a thin main.
        .executableTarget(
            name: "gatehouse",
            dependencies: [
                "GatehouseServer", "DemoApplication", "Credentials",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        wing(
            "TestKit",
            [
                "GatehouseServer", "Console", "Gateway", "OAuth", "Outbound", "Credentials", "Accounts", "Guard", "Web", "Keys", "Audit",
                "Runtime", "Postgres", "OAuthProtocol",
                hummingbirdTesting, httpClient, crypto, nio, x509, asn1,
            ]),
        tests("OAuthProtocolTests", ["OAuthProtocol", "TestKit"], exclude: ["MessageSignatures/Fixtures"]),
        tests("PostgresTests", ["Postgres", "TestKit"]),
        tests("KeysTests", ["Keys", "TestKit"]),
        tests(
            "WebTests",
            ["Web", "TestKit", hummingbirdTesting, lifecycle, nioSSL, .product(name: "NIOPosix", package: "swift-nio")]),
        tests("GuardTests", ["Guard", "TestKit", hummingbirdTesting]),
        tests("OutboundTests", ["Outbound", "TestKit", nio, .product(name: "NIOPosix", package: "swift-nio")]),
        tests("AccountsTests", ["Accounts", "Outbound", "TestKit", hummingbirdTesting, crypto]),
        tests(
            "CredentialsTests", ["Credentials", "Gateway", "TestKit", hummingbirdTesting, crypto, x509, asn1],
            exclude: ["Certificates/Fixtures"]),
        tests("GatewayTests", ["Gateway", "Web", "TestKit", hummingbirdTesting]),
        tests("ConsoleTests", ["Console", "TestKit", hummingbirdTesting]),
        tests("OAuthTests", ["OAuth", "TestKit", hummingbirdTesting, x509]),
        tests(
            "GatehouseServerTests", ["GatehouseServer", "DemoApplication", "TestKit", hummingbirdTesting, httpClient, nioSSL, lifecycle]),
        tests("GatehouseClientTests", ["GatehouseClient", "TestKit", hummingbirdTesting]),
        tests("GatehouseHummingbirdTests", ["GatehouseHummingbird", "TestKit", hummingbirdTesting]),
        tests("TidyTests", ["TestKit"]),
    ],
    swiftLanguageModes: [.v6]
)
