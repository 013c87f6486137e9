import Glibc

/// A time as images of discs have it, in UTC.
struct DiscTime {
    /// 17 bytes: digits down to hundredths of a second, and the offset from Greenwich.
    let long: [UInt8]
    /// 7 bytes, for records.
    let short: [UInt8]

    /// No time, 17 bytes.
    static let none = Array(String(repeating: "0", count: 16).utf8) + [0]
    /// The last second that `short` can hold, at the end of the year 2155.
    static let last: Int64 = 5_869_583_999

    /// - Parameter seconds: Since 1970; what lies outside becomes the nearest.
    init(seconds: Int64) {
        var time = time_t(Swift.min(max(seconds, 0), Self.last))
        var parts = unsafe tm()
        unsafe gmtime_r(&time, &parts)
        let fields = unsafe [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        short = unsafe [UInt8(parts.tm_year)] + fields.map { UInt8($0) } + [0]
        let digits = fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined()
        long = unsafe Array("\(1900 + parts.tm_year)\(digits)00".utf8) + [0]
    }
}
