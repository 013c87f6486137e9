import Foundation

/// Data goes to stdout; sentences and progress go to stderr.
enum Terminal {
    static func data(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    static func data(_ bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }

    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    static func raw(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }
}

/// Sizes and times for people.
enum Text {
    /// With decimal units, as disks and registries count: `12.3 MB`.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if abs(value) < 1000 { return unit == "B" ? "\(count) B" : String(format: "%.1f %@", value, unit) }
            value /= 1000
        }
        return String(format: "%.2f TB", value)
    }

    /// `12 s`, `3 min 4 s`.
    static func duration(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    static func percent(_ part: Int64, of whole: Int64) -> String {
        whole == 0 ? "-" : String(format: "%.1f %%", Double(part) / Double(whole) * 100)
    }
}
