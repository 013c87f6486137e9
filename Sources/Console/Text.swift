/// Sizes, numbers and times for people.
public enum Text {
    /// With decimal units, as disks and registries count: `12.3 MB`.
    public static func bytes(_ count: Int64) -> String {
        let units: [(name: String, size: Int64, digits: Int)] = [
            ("kB", 1000, 1), ("MB", 1_000_000, 1), ("GB", 1_000_000_000, 1), ("TB", 1_000_000_000_000, 2),
        ]
        let magnitude = count.magnitude
        guard magnitude >= 1000 else { return "\(count) B" }
        // What rounds up to 1000 of one unit is 1 of the next.
        let unit =
            units.first { unit in
                Double(magnitude) / Double(unit.size) < 999.95
            } ?? units[units.count - 1]
        return decimal(Double(count) / Double(unit.size), digits: unit.digits) + " " + unit.name
    }

    /// `1 image`, `2 images`.
    public static func count(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }

    /// `12 s`, `3 min 4 s`.
    public static func duration(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    /// `12.3 %`, or `-` of nothing.
    public static func percent(_ part: Int64, of whole: Int64) -> String {
        whole == 0 ? "-" : decimal(Double(part) / Double(whole) * 100, digits: 1) + " %"
    }

    /// A number with digits after its point; no locale, and no formatter that would need one.
    private static func decimal(_ value: Double, digits: Int) -> String {
        let scale: Int64 = digits == 1 ? 10 : 100
        let rounded = Int64((value * Double(scale)).rounded())
        let fraction = String(rounded.magnitude % UInt64(scale))
        let padding = String(repeating: "0", count: digits - fraction.utf8.count)
        return (rounded < 0 ? "-" : "") + "\(rounded.magnitude / UInt64(scale)).\(padding)\(fraction)"
    }
}
