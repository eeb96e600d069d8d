/// A sign-in or a call that didn't work out, in words for the person at the browser.
struct DemoFailure: Error {
    let title: String
    let message: String
    /// The error code of the server, where it gave one.
    var code: String?
    /// 400 when the request is at fault, 502 when the server is.
    var status = 400

    static func provider(_ message: String, code: String? = nil) -> DemoFailure {
        DemoFailure(title: "The identity server’s answer can’t be used", message: message, code: code, status: 502)
    }
}
