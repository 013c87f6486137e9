import BundleLoader
import Glibc
import TestSupport
import Testing

@Suite struct ServiceNotifierTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    @Test(arguments: [false, true]) func whatIsSaidArrivesAsOneDatagramEach(isAbstract: Bool) throws {
        let listener = try NotifyListener(home.path("notify"), isAbstract: isAbstract)
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.address])
        notifier.status("Loading 3 of 5")
        notifier.ready()
        notifier.alive()
        #expect(listener.messages() == ["STATUS=Loading 3 of 5", "READY=1"])
    }

    @Test func aStatusIsNeverAnotherMessage() throws {
        let listener = try NotifyListener(home.path("notify"))
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.address])
        notifier.status("a\nREADY=1\r\u{0}\u{2028}\u{202E}b")
        notifier.status(String(repeating: "ß", count: 100_000))
        #expect(listener.messages() == ["STATUS=a READY=1    b", "STATUS=" + String(repeating: "ß", count: 500)])
    }

    @Test func aSignOfLifeIsGivenAtHalfTheInterval() throws {
        let listener = try NotifyListener(home.path("notify"))
        let environment = ["NOTIFY_SOCKET": listener.address, "WATCHDOG_PID": "\(getpid())"]
        let sign = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC="
        let slow = ServiceNotifier(environment: environment.merging(["WATCHDOG_USEC": "60000000"]) { $1 })
        for _ in 0..<1000 { slow.alive() }
        #expect(listener.messages() == [sign + "60000000"])
        let fast = ServiceNotifier(environment: environment.merging(["WATCHDOG_USEC": "20000"]) { $1 })
        let start = ContinuousClock.now
        var count = 0
        while count < 3, .now - start < .seconds(30) {
            fast.alive()
            count += listener.messages().count
        }
        let end = ContinuousClock.now - start
        // Never more often than every 10 ms; less often only where the machine did not let us.
        #expect(count == 3 && count <= Int(end / .milliseconds(10)) + 1)
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "relative"], ["NOTIFY_SOCKET": "@"], ["NOTIFY_SOCKET": "/"],
        ["NOTIFY_SOCKET": "/nowhere/notify"], ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)],
        ["NOTIFY_SOCKET": "vsock:2:1234"], ["WATCHDOG_USEC": "1000"],
    ])
    func nobodyWhoListensIsNoError(environment: [String: String]) {
        let notifier = ServiceNotifier(environment: environment.merging(["WATCHDOG_USEC": "1"]) { $1 })
        notifier.status("x")
        notifier.alive()
        notifier.ready()
    }

    @Test(arguments: ["0", "-5", "x", "", "99999999999999999999"]) func noIntervalIsNoWatchdog(interval: String) throws
    {
        let listener = try NotifyListener(home.path("notify"))
        let environment = ["NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": interval]
        ServiceNotifier(environment: environment).alive()
        let another = ["NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]
        ServiceNotifier(environment: another).alive()
        #expect(listener.messages().isEmpty)
    }

    @Test func aFullQueueDoesNotStopTheService() throws {
        let listener = try NotifyListener(home.path("notify"))
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": listener.address])
        for number in 0..<5000 { notifier.status("\(number)") }
        let messages = listener.messages()
        #expect(messages.first == "STATUS=0")
        #expect(messages.count < 5000)
    }
}

/// The other end of `NOTIFY_SOCKET`, as systemd has it.
final class NotifyListener {
    let address: String
    private let number: Int32

    init(_ path: String, isAbstract: Bool = false) throws {
        number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.address = (isAbstract ? "@" : "") + path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = (isAbstract ? [0] : []) + Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
        }
        try #require(result == 0)
    }

    deinit { close(number) }

    /// What has arrived since the last call.
    func messages() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return messages }
            messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }
}
