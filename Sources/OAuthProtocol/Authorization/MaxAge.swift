/// The `max_age` parameter and `default_max_age` (OpenID Connect Core §3.1.2.1): seconds since the user actively signed in.
package struct MaxAge: Sendable, Hashable {
    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = seconds
    }

    /// - Throws: `invalid_request` for anything but decimal digits.
    package init(parsing text: String) throws(OAuthError) {
        let isDigits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDigits, (1...10).contains(text.utf8.count), let seconds = Int(text) else {
            throw .invalidRequest("The max_age parameter is not a number of seconds.")
        }
        self.init(seconds: seconds)
    }

    package var duration: Duration { .seconds(seconds) }
}
