import Console
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        (count: Int64(0), text: "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.2 kB"), (999_949, "999.9 kB"),
        (999_950, "1.0 MB"), (12_345_678, "12.3 MB"), (-1500, "-1.5 kB"), (1_500_000_000, "1.5 GB"),
        (2_340_000_000_000, "2.34 TB"), (1_005_000_000_000_000, "1005.00 TB"), (.max, "9223372.04 TB"),
        (.min, "-9223372.04 TB"),
    ])
    func sizesHaveDecimalUnits(count: Int64, text: String) { #expect(Text.bytes(count) == text) }

    @Test func sharesHaveOneDigit() {
        #expect(Text.percent(1, of: 3) == "33.3 %")
        #expect(Text.percent(3, of: 3) == "100.0 %")
        #expect(Text.percent(1, of: 0) == "-")
    }

    @Test func whatMovesACursorIsShownAsItsNumber() {
        #expect(Terminal.printable("a\u{1B}[2Kb\u{202E}c\n") == "a\\u{1b}[2Kb\\u{202e}c\\u{a}")
        #expect(Terminal.printable("größer") == "größer")
    }
}
