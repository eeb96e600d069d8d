import HTTPTypes

/// Where a caller stands with one limit, as the `RateLimit` fields tell it (draft-ietf-httpapi-ratelimit-headers-10).
package struct RateLimitStanding: Sendable, Equatable {
    /// Lower-case letters, digits and hyphens: it needs no escaping in a structured field (RFC 9651 §3.3.3).
    package let policy: String
    /// What a full allowance holds.
    package let quota: Int
    /// The seconds in which an empty allowance fills up.
    package let windowSeconds: Int
    package let remaining: Int
    /// The seconds until it is full again.
    package let resetSeconds: Int

    package init(policy: String, quota: Int, windowSeconds: Int, remaining: Int, resetSeconds: Int) {
        self.policy = policy
        self.quota = quota
        self.windowSeconds = windowSeconds
        self.remaining = remaining
        self.resetSeconds = resetSeconds
    }

    /// Whether less is left of this one.
    package func isTighter(than other: RateLimitStanding) -> Bool {
        // a/b < c/d, without division; quotas are below 2³¹.
        remaining.multipliedReportingOverflow(by: other.quota).partialValue
            < other.remaining.multipliedReportingOverflow(by: quota).partialValue
    }

    /// Puts both fields on an answer.
    package func append(to fields: inout HTTPFields) {
        fields.append(HTTPField(name: .rateLimitPolicy, value: item("q", quota, "w", windowSeconds)))
        fields.append(HTTPField(name: .rateLimit, value: item("r", remaining, "t", resetSeconds)))
    }

    /// `"name";a=1;b=2`, written once and in place.
    private func item(_ first: StaticString, _ firstValue: Int, _ second: StaticString, _ secondValue: Int) -> String {
        String(unsafeUninitializedCapacity: policy.utf8.count + 50) { buffer in
            var count = 0
            func write(_ byte: UInt8) {
                buffer[count] = byte
                count += 1
            }
            func write(_ name: StaticString, _ value: Int) {
                write(UInt8(ascii: ";"))
                write(name.utf8Start.pointee)
                write(UInt8(ascii: "="))
                var (divisor, rest) = (1, max(0, value))
                while rest / divisor >= 10 { divisor *= 10 }
                while divisor > 0 {
                    write(UInt8(ascii: "0") + UInt8(rest / divisor))
                    rest %= divisor
                    divisor /= 10
                }
            }
            write(UInt8(ascii: "\""))
            for byte in policy.utf8 { write(byte) }
            write(UInt8(ascii: "\""))
            write(first, firstValue)
            write(second, secondValue)
            return count
        }
    }
}
