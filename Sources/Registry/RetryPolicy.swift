import Glibc

/// How often and how soon a failed request is made again, and how long silence is borne.
public struct RetryPolicy: Sendable {
    /// How many times a request is made before its error counts, at least 1; for blobs, without progress in between.
    public var attempts: Int
    /// The upper end of the first random delay; each further one is twice as long.
    public var baseDelay: Duration
    /// The longest delay, also when a registry asks for a longer one in `Retry-After`.
    public var maximumDelay: Duration
    /// How long a server may send nothing before the connection counts as broken.
    public var idleTimeout: Duration
    /// How long making a connection may take.
    public var connectTimeout: Duration

    /// A policy; what is left out has its default.
    public init(
        attempts: Int = 5, baseDelay: Duration = .milliseconds(500), maximumDelay: Duration = .seconds(30),
        idleTimeout: Duration = .seconds(60), connectTimeout: Duration = .seconds(10)
    ) {
        self.attempts = max(1, attempts)
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.idleTimeout = idleTimeout
        self.connectTimeout = connectTimeout
    }

    /// Exponential backoff with full jitter: between nothing and `baseDelay` doubled with each failure.
    func delay(afterFailure failure: Int, _ retry: RegistryError.Retry) -> Duration {
        if case .after(let wish) = retry { return min(wish, maximumDelay) }
        let ceiling = min(maximumDelay, baseDelay * (1 << min(max(failure - 1, 0), 20)))
        return ceiling * Double.random(in: 0...1)
    }

    /// Waits before the next attempt.
    func pause(afterFailure failure: Int, _ error: RegistryError) async throws(RegistryError) {
        do { try await Task.sleep(for: delay(afterFailure: failure, error.retry)) } catch {
            throw RegistryError(.cancelled, "waiting to try again was cancelled", cause: error)
        }
    }

    /// Makes a request until it succeeds, fails for good, or has failed too often.
    func retrying<Value>(
        _ body: () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        var failures = 0
        while true {
            do throws(RegistryError) { return try await body() } catch {
                failures += 1
                if case .never = error.retry { throw error }
                guard failures < attempts else { throw error }
                try await pause(afterFailure: failures, error)
            }
        }
    }

    /// What a `Retry-After` header asks for: seconds or a date.
    ///
    /// Spec: RFC 9110 section 10.2.3.
    static func retryAfter(_ value: String?, now: Int = time(nil)) -> Duration? {
        guard let value = value.map({ $0.trimmingSpace }) else { return nil }
        if !value.isEmpty, value.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            return .seconds(Int64(value) ?? Int64(Int32.max))
        }
        return secondsSince1970(value).map { .seconds(max(0, $0 - now)) }
    }

    /// An HTTP date in its one current form, `Sun, 06 Nov 1994 08:49:37 GMT`; nil for anything else.
    private static func secondsSince1970(_ date: String) -> Int? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = date.split { $0 == " " || $0 == ":" }
        guard parts.count == 8, parts[7] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(where: { $0 == parts[2] }), let hour = Int(parts[4]),
            let minute = Int(parts[5]), let second = Int(parts[6]), 1...31 ~= day, 1970...9999 ~= year,
            0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second
        else { return nil }
        // Counted from March, so that a leap day is the last of its year.
        let years = month < 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * years + years / 4 - years / 100 + years / 400 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmingSpace: String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let start = self.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(start[...last])
    }
}
