import BundleFormat
import Foundation
import TestSupport
import Testing

@Suite struct TimestampTests {
    /// As the C library writes it.
    private static func text(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02dZ", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1,
            Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
    }

    @Test func everyMomentIsWrittenAsTheCLibraryWritesIt() throws {
        var random = DeterministicRandom(seed: 1)
        let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
        let edges = [
            range.lowerBound, range.upperBound, -1, 0, 1, 951_782_399, 951_782_400, 4_107_542_399, 4_107_542_400,
        ]
        for seconds in edges + (0..<2000).map({ _ in Int64.random(in: range, using: &random) }) {
            let time = try #require(Timestamp(seconds: seconds))
            #expect(time.description == Self.text(seconds))
            #expect(Timestamp(parsing: time.description)?.seconds == seconds)
            #expect(Timestamp(rfc3339: time.description) == time)
        }
    }

    @Test func everyDayOfFourHundredYearsFollowsTheOneBefore() throws {
        var seconds: Int64 = 0
        while seconds < 400 * 366 * 86400 {
            let time = try #require(Timestamp(seconds: seconds))
            #expect(Timestamp(parsing: time.description) == time)
            seconds += 86400 * 13 + 3601
        }
    }

    @Test func orderIsOrderInTimeAndInText() throws {
        var random = DeterministicRandom(seed: 2)
        for _ in 0..<500 {
            let one = try #require(Timestamp(seconds: Int64.random(in: 0...4_000_000_000, using: &random)))
            let two = try #require(Timestamp(seconds: Int64.random(in: 0...4_000_000_000, using: &random)))
            #expect((one < two) == (one.seconds < two.seconds))
            #expect((one < two) == (one.description < two.description))
        }
    }

    @Test(arguments: [-62_135_596_801, 253_402_300_800, Int64.min, Int64.max])
    func momentsThatCannotBeWrittenAreRefused(_ seconds: Int64) { #expect(Timestamp(seconds: seconds) == nil) }

    @Test(arguments: [
        "", "2024-01-02", "2024-01-02T03:04:05", "2024-01-02T03:04:05z", "2024-01-02t03:04:05Z", "2024-01-02 03:04:05Z",
        "2024-01-02T03:04:05.0Z", "2024-01-02T03:04:05+00:00", "2024-1-02T03:04:05Z", "24-01-02T03:04:05Z",
        "2024-00-02T03:04:05Z", "2024-13-02T03:04:05Z", "2024-01-00T03:04:05Z", "2024-01-32T03:04:05Z",
        "2023-02-29T03:04:05Z", "1900-02-29T03:04:05Z", "2024-04-31T03:04:05Z", "2024-01-02T24:00:00Z",
        "2024-01-02T03:60:05Z", "2024-01-02T03:04:60Z", "2024-01-02T03:04:61Z", "0000-01-02T03:04:05Z",
        "+024-01-02T03:04:05Z", "2024-01-02T03:04:05Z ", " 2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z\n",
        "٢٠٢٤-01-02T03:04:05Z", "2024-01-02T03:04:0\u{301}Z",
    ])
    func everyOtherSpellingIsRefused(_ text: String) { #expect(Timestamp(parsing: text) == nil) }

    @Test(arguments: [
        ("2024-01-02T03:04:05.999999999Z", "2024-01-02T03:04:05Z"),
        ("2024-01-02T03:04:05+02:30", "2024-01-02T00:34:05Z"),
        ("2024-01-01T23:30:00-01:00", "2024-01-02T00:30:00Z"), ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ])
    func timesOfImagesAreMadeUTC(_ written: String, _ expected: String) {
        #expect(Timestamp(rfc3339: written)?.description == expected)
    }

    @Test(arguments: [
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2024-01-02T03:04:05", "2024-01-02T03:04:05.",
        "2024-01-02T03:04:05.Z", "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05+00:60", "2024-01-02T03:04:05+0000",
        "2024-01-02T03:04:05ZZ",
    ])
    func whatIsNoTimeOfAnImageIsRefused(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
