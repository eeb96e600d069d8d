import FoundationEssentials
import Glibc
import Runtime

/// What the kernel says about this process, under the names that Prometheus' own libraries use.
enum MetricProcess {
    static func write(to text: inout MetricText) {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            text.family(
                "process_cpu_seconds_total", .counter, "User and system CPU time.", seconds(usage.ru_utime) + seconds(usage.ru_stime))
        }
        if let pages = words("/proc/self/statm").dropFirst().first.flatMap({ Int($0) }) {
            text.family("process_resident_memory_bytes", .gauge, "Resident memory.", pages * Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            text.family("process_open_fds", .gauge, "Open file descriptors.", open)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            text.family("process_max_fds", .gauge, "File descriptors that may be open.", Int(clamping: limit.rlim_cur))
        }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }

    private static func words(_ path: String) -> [Substring] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: " ")
    }
}
