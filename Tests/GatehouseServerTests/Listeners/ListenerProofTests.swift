import NIOSSL
import OAuthProtocol
import TestKit
import Testing

@testable import GatehouseServer

/// How a client may prove that it holds its certificate's key: with what the listener asks for, and nothing weaker (RFC 9155, RFC 8422).
@Suite struct ListenerProofTests {
    private static let older = """
        { port: 0, tls: { certificate: DIRECTORY/server.crt, private_key: DIRECTORY/server.key, version_min: "1.2" },
          mutual_tls: { port: 0 } }
        """

    @Test(arguments: [(SignatureAlgorithm.rsaPkcs1Sha256, true), (.rsaPkcs1Sha1, false)])
    func `over TLS 1.2 a proof under SHA-1 is none`(_ algorithm: SignatureAlgorithm, _ isTaken: Bool) async throws {
        try await ListenerBench.run(Self.older) { bench in
            let client = try ListenerClient(showing: [Self.rsa], key: Self.rsaKey, proving: [algorithm], versionMax: .tlsv12)
            let answer = try await client.use { try? await $0.ask(bench.mutualPort) }
            #expect(answer?.certificates.count == (isTaken ? 1 : nil))
        }
    }

    @Test func `Ed25519 is a proof, though the library would not ask for it`() async throws {
        try await ListenerBench.run { bench in
            let client = try ListenerClient(showing: [Self.ed25519], key: Self.ed25519Key)
            #expect(try await client.use { try await $0.ask(bench.mutualPort) }.certificates.count == 1)
        }
    }

    // Made for these tests; they open nothing.
    private static let rsa = """
        -----BEGIN CERTIFICATE-----
        MIIDAjCCAeqgAwIBAgIUB8orLD2+Hl06kTVcyrWASPPTV9gwDQYJKoZIhvcNAQEL
        BQAwETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyMjEwMTYwMFoYDzIxMjYxMDI5
        MTAxNjAwWjARMQ8wDQYDVQQDDAZjbGllbnQwggEiMA0GCSqGSIb3DQEBAQUAA4IB
        DwAwggEKAoIBAQDyzdGq11R6Q0J/oI9n6gxkSmU08wsW8tQiVvThq6SdumiskEb1
        apNkwbDBDZC0c54Tl0EJBUb7vRcAbYWb/0FmXSdNELGOQx6D9m7HOD3Kwy+gv3kR
        YfjdzVHnzM5Rcr46mBBhhgP/6tptm+XxQcFS+E6/2rJqF/qj0fs7NE1fwxtShZVS
        iYasN2SUlpaXrvMDHrtUMt96r0yhAt047M8pj8ereXNog6Dw/phW/q8SXOsLj5p0
        tc4tSbKcIhgiUiKNMXtHg8IAhMfybUhVMG/TFJMcjdQjIyzYgZFwcsrNZ+MKGQ0l
        BXg+Puy9T77RYJeXyKzkBKzL2Lu7+9gwuR97AgMBAAGjUDBOMB0GA1UdDgQWBBTl
        JKo5s/nsDMUxzZuwCkKeUsEsWzAfBgNVHSMEGDAWgBTlJKo5s/nsDMUxzZuwCkKe
        UsEsWzAMBgNVHRMBAf8EAjAAMA0GCSqGSIb3DQEBCwUAA4IBAQBZiNMua2pN+Vsw
        0zLVekwyNmTwASAdFpDcB1KoIokU4CfL2vm4z34KyG/z8ZCxHibEPFQSrgaBx+Hy
        +/phoPNyzyMe6Fi54jUVvGxmX3y8l5WEjWd8kLC/86SWw6327uCOcZ0HioWlbBa7
        kTnsuvh5FGbyk6OA1mF0HCiTx9Uf+6NcWPCxIHADMzjuZ5tUWwbpOKihtyNDioof
        uqQ3/vpGhVwiEVWY/Opwhpefesu/gK46WovEznqIdIYcRJe7LzyWO1oKWm0ghlyt
        MpMSuSlrC5IHBSEC0PMV9ELPAzPPAe5+Z0OtHNUq0yJuHbumazHl4mHySLgQg8bc
        H2iSCpFG
        -----END CERTIFICATE-----
        """

    private static let rsaKey = """
        -----BEGIN PRIVATE KEY-----
        MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDyzdGq11R6Q0J/
        oI9n6gxkSmU08wsW8tQiVvThq6SdumiskEb1apNkwbDBDZC0c54Tl0EJBUb7vRcA
        bYWb/0FmXSdNELGOQx6D9m7HOD3Kwy+gv3kRYfjdzVHnzM5Rcr46mBBhhgP/6tpt
        m+XxQcFS+E6/2rJqF/qj0fs7NE1fwxtShZVSiYasN2SUlpaXrvMDHrtUMt96r0yh
        At047M8pj8ereXNog6Dw/phW/q8SXOsLj5p0tc4tSbKcIhgiUiKNMXtHg8IAhMfy
        bUhVMG/TFJMcjdQjIyzYgZFwcsrNZ+MKGQ0lBXg+Puy9T77RYJeXyKzkBKzL2Lu7
        +9gwuR97AgMBAAECggEAAdo4I0mJR3WD6F1dOrm6Znl61DCWgRJRNAHd1Gru0pU9
        fzOKlwy9GyOvKYnk9Lt9FUEuKdd0dy82Iba0MkB8Sz+isR/TevZgITmcFsEDF6zt
        jBhp4AwTTf3nBhG18UEi2meWmGfhV+5+xB9QXcrWor9qOmR8v/p22xEbDZSUkopy
        uPRno8ttlqEdrDDCsShB8jfc1OiXKo1WLe5CTE/ULf7pdGjVf0+XMn5Dvn7sTXe0
        netFDr3OREslLoyMMf0q5cZlWHW7QMtN9W+AgdYKNaU8eB/vdu9/4vJc8j3t0ksU
        pmEQocz+F/e6rDDCM19y5AWmZs884QEf/WnIeCUAAQKBgQD8cLSQOm82w/dth4T3
        t3MDBa2bXeNB0BzcKBg+gK9Qcbl2FkT2gcXGtHjq0jkM3Zrunf1vufCmusjYszeI
        VDsvO8Rl6MZcyDeW6PnReckZXH8yM/xq1Z91rEPy++A5x4sAIsMRcX7OZG2obLz/
        NBDOoMyTcruXO61swuvNjbLfewKBgQD2OlPJmZqgxhjl/4j6DdPy0YH+zJ9zGOgU
        r/zvUsyadLfhSk4itxSh350buKeHYc9BOm3TrxBp9No1M86IXMB7BwkuiCwiZAxL
        SDDvAQL2XkqRXRjKIwlwSc8U7fr7Z7R3qQSRyTjkwE7kGZGGNATl6F814RYLMvuy
        Bn2rcR7AAQKBgHNIYR1QokNnYRJzBiU+cNabfDnsuYDvso5T/SZmDCn3lZO4/ct5
        XkGtX18VnBolBcEdA4VHbAAoYtqblau7k7+xUrKbiCMNCF3xjUy9ijn7xNa/aPG9
        FvJdNja8Eh0w5Giud1j69Mb6lB2LcxA0zcwfIO3hQowBI+T8a0VXBa4LAoGAN9hi
        yIaeG3jSjNe4KX6ZY6lA4plmUKSFfqurolwVK7LtQZuovRbpBw3AhFkNJhd4+kJW
        RnyeLGnsU8S8QxFGVqDx5CveVq56W1i0QIDqOxaHsxB6Xt4zddRHs2eGVR7gP4OG
        FcqdrMQxIGrsJpQFyF87uOykI0Yc7/Oo7QlrAAECgYB0an9EA7rKWJJvtB6GdaZb
        tTmj6G9xoYUgeBfCTe3l+t2Q32lQCQ7nMROrVHek8HDDXTw89qGQBrMiiHFa4Clf
        YIsEln9lOdmIT01eYMhk80fpQfKQLv9eK4MOJpCHd3tVx0gObjq2UvM8wzKk/FMJ
        VUg6bz2gH757I7p/WJZwCw==
        -----END PRIVATE KEY-----
        """

    private static let ed25519 = """
        -----BEGIN CERTIFICATE-----
        MIIBNTCB6KADAgECAhQo85AFsKH9k1ZOesuTQBGs8iSv/TAFBgMrZXAwETEPMA0G
        A1UEAwwGY2xpZW50MCAXDTI2MTEyMjEwMTYwMFoYDzIxMjYxMDI5MTAxNjAwWjAR
        MQ8wDQYDVQQDDAZjbGllbnQwKjAFBgMrZXADIQDGk+Ry+pwEnM4Xd6YQlUrTHuus
        fjjbEKnFeCm0xWDTz6NQME4wHQYDVR0OBBYEFPsw2wvhnlnC31AbUUXOrsI2iYQp
        MB8GA1UdIwQYMBaAFPsw2wvhnlnC31AbUUXOrsI2iYQpMAwGA1UdEwEB/wQCMAAw
        BQYDK2VwA0EADssmUKwwVHXVQwDVzXfwB2JsmYRXZ9j0OP7shMnicY2rJ1FaAhyF
        Z368O08MOnX07flJA660NDxX7boULLBhCA==
        -----END CERTIFICATE-----
        """

    private static let ed25519Key = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIFZLZzhla+lbpLVZayxT5IRXhNRXDTXUfo01L+R+Aqmo
        -----END PRIVATE KEY-----
        """
}
