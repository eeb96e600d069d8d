import Runtime

/// Keeps the key ring in step with its timetable. What another node changes arrives as a notification, which whoever listens
/// answers with ``KeyRing/load(now:)``.
package enum KeyRotationJob {
    package static func make(_ keyRing: KeyRing) -> Job {
        Job(name: "key rotation", interval: .hours(1)) { now in try await keyRing.load(now: now) }
    }
}
