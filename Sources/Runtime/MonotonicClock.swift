import Glibc

/// A clock that nobody sets, for how long something took.
package enum MonotonicClock {
    /// Nanoseconds since some moment before the program began.
    package static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
