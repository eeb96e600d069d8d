import FoundationEssentials

/// Where `Migrations/` and `Templates/` lie when the settings don't say.
package enum ResourcesDirectory {
    /// The places to look at, in order: beside an installed program (`bin/gatehouse`, `share/gatehouse`), then every
    /// directory above the program (a checkout above `.build/debug`), then the working directory.
    package static func candidates(executable: String, workingDirectory: String) -> [String] {
        var places: [String] = []
        var directory = parent(of: executable)
        places.append(parent(of: directory) + "/share/gatehouse")
        while directory.count > 1 {
            places.append(directory)
            directory = parent(of: directory)
        }
        return places + [workingDirectory]
    }

    /// The first place that holds both folders.
    package static func find(executable: String, workingDirectory: String, isDirectory: (String) -> Bool) -> String? {
        candidates(executable: executable, workingDirectory: workingDirectory).first {
            isDirectory($0 + "/Migrations") && isDirectory($0 + "/Templates")
        }
    }

    /// The first place on this machine that holds both folders.
    package static func find(executable: String, workingDirectory: String) -> String? {
        find(executable: executable, workingDirectory: workingDirectory) { path in
            var isDirectory = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
