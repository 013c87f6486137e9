/// A moment in UTC with a resolution of one second, written `YYYY-MM-DDThh:mm:ssZ`.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, not counting leap seconds.
    public let seconds: Int64

    /// From seconds since 1970; nil outside the years 1 to 9999.
    public init?(seconds: Int64) {
        guard -62_135_596_800...253_402_300_799 ~= seconds else { return nil }
        self.seconds = seconds
    }

    /// From the one spelling that STATEMENT allows; nil for any other.
    public init?(parsing text: String) {
        guard text.utf8.count == 20, let parsed = Timestamp(rfc3339: text), parsed.description == text else {
            return nil
        }
        self = parsed
    }

    /// From any RFC 3339 time, as image configs have; fractions are cut off, offsets are applied.
    public init?(rfc3339 text: String) {
        var rest = Substring(text)
        func number(_ digits: Int, then separator: String) -> Int64? {
            let part = rest.prefix(digits)
            guard part.utf8.count == digits, part.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
                rest.dropFirst(digits).hasPrefix(separator)
            else { return nil }
            rest = rest.dropFirst(digits + separator.count)
            return Int64(part)
        }
        guard let year = number(4, then: "-"), let month = number(2, then: "-"), let day = number(2, then: "T"),
            let hour = number(2, then: ":"), let minute = number(2, then: ":"), let second = number(2, then: ""),
            1...9999 ~= year, 1...12 ~= month, 1...Self.days(in: month, of: year) ~= day, hour < 24, minute < 60,
            second < 61
        else { return nil }
        if rest.hasPrefix(".") {
            let fraction = rest.dropFirst()
            rest = fraction.drop { $0.isASCII && $0.isNumber }
            guard rest.startIndex != fraction.startIndex else { return nil }
        }
        var offset: Int64 = 0
        if rest != "Z" {
            guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
            rest = rest.dropFirst()
            guard let hours = number(2, then: ":"), let minutes = number(2, then: ""), rest.isEmpty, hours < 24,
                minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (sign == "+" ? 1 : -1)
        }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        self.init(seconds: ((days * 24 + hour) * 60 + minute) * 60 + min(second, 59) - offset)
    }

    /// The spelling that STATEMENT uses.
    public var description: String {
        let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let (year, month, dayOfMonth) = Self.date(daysSince1970: day)
        let second = seconds - day * 86400
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
            + "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))Z"
    }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysBefore(year: Int64) -> Int64 {
        let past = year - 1
        return past * 365 + past / 4 - past / 100 + past / 400
    }

    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        daysBefore(year: year) - daysBefore(year: 1970) + (1..<month).reduce(0) { $0 + days(in: $1, of: year) } + day
            - 1
    }

    private static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let ordinal = daysSince1970 + daysBefore(year: 1970)
        var year = ordinal * 400 / 146_097 + 1
        while daysBefore(year: year) > ordinal { year -= 1 }
        while daysBefore(year: year + 1) <= ordinal { year += 1 }
        var rest = ordinal - daysBefore(year: year)
        var month: Int64 = 1
        while rest >= days(in: month, of: year) {
            rest -= days(in: month, of: year)
            month += 1
        }
        return (year, month, rest + 1)
    }
}
