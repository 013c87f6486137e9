public import BundleFormat
import Glibc

/// Whether a bundle is still valid, on hosts whose clocks may be wrong.
///
/// Spec: docs/loading.md section 4.4.
public struct ClockRule: Sendable {
    /// What the clock shows.
    public let now: Timestamp
    /// The earliest time that it can be: nothing can have happened after now.
    public let earliest: Timestamp
    private let notAfter: Timestamp?

    /// A rule for a statement.
    ///
    /// - Parameters:
    ///   - statement: The bundle's.
    ///   - lastLoad: The rollback floor's time.
    ///   - now: What the clock shows.
    ///   - released: When this loader was made.
    public init(
        _ statement: Statement, lastLoad: Timestamp?, now: Timestamp, released: Timestamp = LoaderVersion.released
    ) {
        self.now = now
        notAfter = statement.notAfter
        earliest = max(statement.created, released, lastLoad ?? released)
    }

    /// Whether the clock can be believed.
    public var isClockSane: Bool { now >= earliest }

    /// The time to remember for a load: the clock's, or the earliest that it can be.
    public var believed: Timestamp { max(now, earliest) }

    /// Checks the end of the statement's validity.
    ///
    /// - Returns: A warning, where it could not be checked and the policy accepts that.
    /// - Throws: `LoadError` with code `notTrusted`.
    public func check(_ expiry: LoadPolicy.Expiry) throws(LoadError) -> String? {
        guard let notAfter, expiry != .ignore else { return nil }
        guard isClockSane else {
            let what =
                "the bundle is valid until \(notAfter), and the clock cannot be believed: it shows \(now),"
                + " and it must be \(earliest) at least"
            guard expiry == .require else { return what }
            throw LoadError(.notTrusted, "checking the bundle's validity: \(what); set the clock")
        }
        guard now <= notAfter else {
            throw LoadError(
                .notTrusted,
                "checking the bundle's validity: it ended at \(notAfter), and it is \(now); use a newer bundle")
        }
        return nil
    }
}

extension Timestamp {
    /// What the system's clock shows, within the years that can be written.
    public static var now: Timestamp {
        let shown = Int64(time(nil))
        return Timestamp(seconds: min(max(shown, 0), 253_402_300_799)) ?? LoaderVersion.released
    }
}
