import Testing

@testable import Console

@Suite struct DeviceNameTests {
    @Test(
        "A browser is called by its name and its system",
        arguments: [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36",
                "Chrome on Windows"
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36 Edg/138.0",
                "Edge on Windows"
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1",
                "Safari on iPhone"
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15", "Safari on a Mac"),
            (
                "Mozilla/5.0 (Linux; Android 15; Mobile) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Mobile Safari/537.36",
                "Chrome on Android"
            ),
            ("curl/8.5.0", "curl"), ("something of Linux", "A browser on Linux"), ("<script>", "Unknown browser"), ("", "Unknown browser"),
        ])
    func names(userAgent: String, name: String) {
        #expect(DeviceName.make(userAgent) == name)
    }

    @Test func `nothing that a browser sends is repeated`() {
        #expect(DeviceName.make(nil) == "Unknown browser")
        #expect(!DeviceName.make("Evil words Firefox/1 Linux").contains("Evil"))
    }
}
