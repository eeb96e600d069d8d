/// Certificates and keys made for the tests, in PEM. They open nothing.
package enum TestCertificates {
    /// A server's certificate for localhost and 127.0.0.1, signed by itself, until 2120.
    package static let first = """
        -----BEGIN CERTIFICATE-----
        MIIBXzCCAQagAwIBAgIUJdDbnf7DVxRpmGeDnU0A1E7gKa0wCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNZmlyc3QuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
        MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNZmlyc3QuZXhhbXBsZTBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABM2F/Z86kxTRNWcpis2xlYfThtSj3jxWj90wOOL+hiRo
        WYF8kY3BgkQliKW9Xv9WIqItBseBES+eDVbuMFwcJx+jLDAqMBoGA1UdEQQTMBGC
        CWxvY2FsaG9zdIcEfwAAATAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0cAMEQC
        ICtKZqzXOB4MbIEyFULEIMapRmUeYh3ASye6nD/qXWBAAiBu1Yp6xBE3bbl+furx
        9+VaAPUtoLVymNP631Cc1QrZfg==
        -----END CERTIFICATE-----
        """

    /// Its key.
    package static let firstKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQDsCP6G4hXeriZuu
        HO3Ke134FqxHqYbQXmRTwarDvxqhRANCAATNhf2fOpMU0TVnKYrNsZWH04bUo948
        Vo/dMDji/oYkaFmBfJGNwYJEJYilvV7/ViKiLQbHgREvng1W7jBcHCcf
        -----END PRIVATE KEY-----
        """

    /// The one that comes after it.
    package static let second = """
        -----BEGIN CERTIFICATE-----
        MIIBYTCCAQigAwIBAgIUdq94v1gZvbK3KMApg5T43PtHouEwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOc2Vjb25kLmV4YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEy
        MDAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDnNlY29uZC5leGFtcGxlMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAE9AN58F2jON5NkGkzcLHWW9nOziCZb7pI7S5FFzqI
        UOJZkqEa25M9oKSJ646CGGONBXpGaUIXjjUWV+fqkcMnkaMsMCowGgYDVR0RBBMw
        EYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAw
        RAIgeXn99Va5m6cc5t4QC1E7tKmEwG32Up3jq+w8k0uVSiwCIEbI4rg/gaEgQ968
        R+BjBU5t1b3w0fw9is+htmG3/6WE
        -----END CERTIFICATE-----
        """

    /// Its key.
    package static let secondKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKp7skdlrih3YdB25
        bYY3Nl424n5B0E9RACkK9ih51YyhRANCAAT0A3nwXaM43k2QaTNwsdZb2c7OIJlv
        ukjtLkUXOohQ4lmSoRrbkz2gpInrjoIYY40FekZpQheONRZX5+qRwyeR
        -----END PRIVATE KEY-----
        """

    /// Ran out in 2021.
    package static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBYzCCAQigAwIBAgIUajQ8V1gSmGTt06U+J7/CEsyKFwIwCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPZXhwaXJlZC5leGFtcGxlMB4XDTIwMDEwMTAwMDAwMFoXDTIx
        MDEwMTAwMDAwMFowGjEYMBYGA1UEAwwPZXhwaXJlZC5leGFtcGxlMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEwIl5egE9D954KJASjO1632S9NcO27LBdqBnHkGbu
        pRf3MegvyIgh6wmGOyj947tPyjOu3dFwZYqBM1o4H65mt6MsMCowGgYDVR0RBBMw
        EYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSQAw
        RgIhAMgqzrZlOnSaFBMTxqO85/K7If9V/wJ44vesr38r3ULUAiEA4uHhDoVAXUfi
        eoMWggDgKvMOaXv6K+VzWoEucRnfAaw=
        -----END CERTIFICATE-----
        """

    /// Its key.
    package static let expiredKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgut3QSM+XFMpE+ZXK
        Dsa7wc4s1CQ6+JlN4D8CqR4armKhRANCAATAiXl6AT0P3ngokBKM7XrfZL01w7bs
        sF2oGceQZu6lF/cx6C/IiCHrCYY7KP3ju0/KM67d0XBlioEzWjgfrma3
        -----END PRIVATE KEY-----
        """

    /// The authority of ``client``.
    package static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBSDCB76ADAgECAhR3HCXNe2K2zhZ5RVG4XKyp+Fo25TAKBggqhkjOPQQDAjAZ
        MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
        MDEwMTAwMDAwMFowGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwWTATBgcqhkjO
        PQIBBggqhkjOPQMBBwNCAARWS9fRqs5+Y6oGIygxLm+pSHDqBQskg3PF06+61M/s
        6E3mju5HXd1d/UD5fRVAuCsjHJJtV0j5NeTO4FGhYx6LoxMwETAPBgNVHRMBAf8E
        BTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEypNnbWuAp0STLkuF8EjCBZ+xXfZBQc
        08tb9jx+S7UIAiEAyD9gRZOMcbPRuh8w+/TOiI6wl+Tf+hMH5KIEn02Luyg=
        -----END CERTIFICATE-----
        """

    /// A client's, from an authority that nobody here has heard of.
    package static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBPTCB5KADAgECAhRkQ7JxgT3F6NDklJL3am2CLudvRDAKBggqhkjOPQQDAjAZ
        MRcwFQYDVQQDDA5UZXN0IGF1dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
        MDEwMTAwMDAwMFowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZI
        zj0DAQcDQgAE+WnfNLVTObHrpS3m3jZiQb/Nz3CdPnEgdjJEG/CUv+lTaGQNIGbM
        r6xjUgFmTRLtJ5vXjvHfh1fDNRmDkRuMAqMQMA4wDAYDVR0TAQH/BAIwADAKBggq
        hkjOPQQDAgNIADBFAiBY92EG7NFof3898mCDQP4YKSdEmuG9wKP0i5r7D5AdBgIh
        AN8Wp0lyJG62BTmvYauvC0zw8uTiMxa9otU53x2hejUr
        -----END CERTIFICATE-----
        """

    /// Its key.
    package static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4quYGa9DXCm4sZ1B
        Mc4xz7n0+H1txS9CodMtNVtkH1ahRANCAAT5ad80tVM5seulLebeNmJBv83PcJ0+
        cSB2MkQb8JS/6VNoZA0gZsyvrGNSAWZNEu0nm9eO8d+HV8M1GYORG4wC
        -----END PRIVATE KEY-----
        """
}
