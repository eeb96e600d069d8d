import CMalloc
import Glibc

/// Gives memory back to the system that the process holds and doesn't need.
package enum ProcessMemory {
    private static let mapsBytesMax = 1 << 20

    /// Unmaps the code of the program and its libraries; what is run again comes back from the page cache, a fault for 64 KiB.
    /// So that what only starting takes – settings, migrations, templates – is not resident for good.
    ///
    /// Safe while other threads run that code: it is mapped from files, privately and read-only, so a dropped page and the one that comes back
    /// are the same (madvise(2), MADV_DONTNEED). Mappings that can be written to are left alone.
    package static func releaseCode() {
        guard let maps = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(maps) }
        var text = [UInt8](repeating: 0, count: mapsBytesMax)
        let count = fread(&text, 1, text.count, maps)
        for line in text[..<count].split(separator: UInt8(ascii: "\n")) {
            guard let range = codeRange(line) else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// `start-end r-xp offset device inode /path` (proc(5)).
    /// - Returns: nil for every mapping but a file's code.
    static func codeRange(_ line: ArraySlice<UInt8>) -> Range<UInt>? {
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count >= 6, words[1].elementsEqual("r-xp".utf8), words[5].first == UInt8(ascii: "/") else { return nil }
        let bounds = words[0].split(separator: UInt8(ascii: "-")).compactMap { UInt(String(decoding: $0, as: UTF8.self), radix: 16) }
        guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
        return bounds[0]..<bounds[1]
    }

    /// Returns what was freed: glibc keeps it, in as many arenas as threads have asked at once.
    package static func trim() {
        malloc_trim(0)
    }
}
