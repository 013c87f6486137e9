import BundleFormat
import BundleLoader
import Testing

@Suite struct ClockRuleTests {
    private enum Verdict { case valid, warning, refused }

    private static func verdict(
        now: String, notAfter: String?, expiry: LoadPolicy.Expiry, lastLoad: String? = nil
    ) throws -> Verdict {
        let statement = try StatementFixture.statement(
            created: StatementFixture.time("2026-03-01T00:00:00Z"), notAfter: notAfter.map(StatementFixture.time))
        let rule = ClockRule(
            statement, lastLoad: try lastLoad.map(StatementFixture.time), now: try StatementFixture.time(now),
            released: try StatementFixture.time("2026-02-01T00:00:00Z"))
        do { return try rule.check(expiry) == nil ? .valid : .warning } catch {
            #expect(error == LoadError(.notTrusted, ""))
            return .refused
        }
    }

    @Test(arguments: [
        "1970-01-01T00:00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", "2038-01-19T03:14:08Z",
        "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ])
    func withoutAnEndNoClockMatters(now: String) throws {
        for expiry in LoadPolicy.Expiry.allCases {
            #expect(try Self.verdict(now: now, notAfter: nil, expiry: expiry) == .valid)
        }
    }

    @Test func anEndCountsWhereTheClockCanBeBelieved() throws {
        let end = "2027-06-01T00:00:00Z"
        for expiry in [LoadPolicy.Expiry.ifClockSane, .require] {
            #expect(try Self.verdict(now: "2026-03-01T00:00:00Z", notAfter: end, expiry: expiry) == .valid)
            #expect(try Self.verdict(now: end, notAfter: end, expiry: expiry) == .valid)
            #expect(try Self.verdict(now: "2027-06-01T00:00:01Z", notAfter: end, expiry: expiry) == .refused)
            #expect(try Self.verdict(now: "2100-01-01T00:00:00Z", notAfter: end, expiry: expiry) == .refused)
        }
        #expect(try Self.verdict(now: "2100-01-01T00:00:00Z", notAfter: end, expiry: .ignore) == .valid)
    }

    @Test(arguments: [
        ("before the statement", "2026-02-28T23:59:59Z", nil), ("1970", "1970-01-01T00:00:00Z", nil),
        ("before the last load", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
    ])
    func aClockThatIsBehindWhatHappenedIsNotBelieved(what: String, now: String, lastLoad: String?) throws {
        for end in ["2027-06-01T00:00:00Z", "2026-01-15T00:00:00Z"] {
            func verdict(_ expiry: LoadPolicy.Expiry) throws -> Verdict {
                try Self.verdict(now: now, notAfter: end, expiry: expiry, lastLoad: lastLoad)
            }
            // An end that is before even this clock's time says nothing new.
            #expect(try verdict(.ifClockSane) == .warning, "\(what)")
            #expect(try verdict(.require) == .refused, "\(what)")
            #expect(try verdict(.ignore) == .valid, "\(what)")
        }
    }

    @Test func theLoadersOwnReleaseBoundsTheClock() throws {
        let statement = try StatementFixture.statement(created: StatementFixture.time("1970-01-01T00:00:00Z"))
        let earlier = try #require(Timestamp(seconds: LoaderVersion.released.seconds - 1))
        #expect(!ClockRule(statement, lastLoad: nil, now: earlier).isClockSane)
        #expect(ClockRule(statement, lastLoad: nil, now: LoaderVersion.released).isClockSane)
        #expect(ClockRule(statement, lastLoad: nil, now: earlier).believed == LoaderVersion.released)
        #expect(ClockRule(statement, lastLoad: nil, now: .now).believed >= LoaderVersion.released)
    }
}
