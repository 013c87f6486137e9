import BundleFormat
import Glibc
import Synchronization

/// Tells systemd what a service does; without systemd, nothing.
///
/// What cannot be said is lost, and changes nothing: `sd_notify(3)` asks for no more.
public final class ServiceNotifier: Sendable {
    private let socket: NotifySocket?
    /// After how many microseconds of silence systemd gives the service up; 0 for never.
    private let watchdog: Int64
    private let lastSign = Mutex<ContinuousClock.Instant?>(nil)

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    public init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap(NotifySocket.init(path:))
        let isMeant = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        watchdog = isMeant ? max(0, environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0) : 0
    }

    /// What the service is doing, in a line that `systemctl status` shows.
    public func status(_ text: String) {
        // A line feed would start another message.
        let line = text.unicodeScalars.map { $0.isVisible ? Character($0) : " " }.prefix(500)
        socket?.send("STATUS=" + String(line))
    }

    /// Everything is done that others wait for.
    public func ready() { socket?.send("READY=1") }

    /// The service is alive; may be called as often as one likes, and is said at half the watchdog's interval.
    public func alive() {
        guard let socket, watchdog > 0 else { return }
        let now = ContinuousClock.now
        let isDue = lastSign.withLock { last in
            guard last.map({ now - $0 >= .microseconds(watchdog / 2) }) ?? true else { return false }
            last = now
            return true
        }
        // While a service starts, which a oneshot service never ceases to do, only the start timeout is watched.
        if isDue { socket.send("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=\(watchdog)") }
    }
}
