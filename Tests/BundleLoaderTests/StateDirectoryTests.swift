import BundleLoader
import DurableFiles
import Glibc
import TestSupport
import Testing

@Suite struct StateDirectoryTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    @Test func itIsMadeForItsOwnerOnly() throws {
        #expect(try StateDirectory(existing: home.path("var/bundle")) == nil)
        let state = try StateDirectory(making: home.path("var/bundle"))
        #expect(try state.directory.permissions == 0o700)
        #expect(try state.directory.owner.userID == geteuid())
        #expect(throws: Never.self) { try StateDirectory(making: home.path("var/bundle")) }
        #expect(try StateDirectory(existing: home.path("var/bundle")) != nil)
    }

    @Test func theLockerRemovesWhatKilledLoadersLeft() throws {
        let state = try StateDirectory(making: home.path("state"))
        for folder in ["documents", "floors/edge", "journal/registry", "medium"] {
            try home.makeDirectory("state/" + folder)
            try home.write("torn", to: "state/\(folder)/.tmp-1a2b")
        }
        try home.write("torn", to: "state/.tmp-1a2b")
        try home.write("whole", to: "state/receipts.jsonl")
        try home.write("whole", to: "state/journal/registry/entry")
        let other = try StateDirectory(making: home.path("state"))
        try state.lock(waiting: .zero)
        try home.write("of the one who works", to: "state/.tmp-3c4d")
        #expect(throws: LoadError(.busy, "")) { try other.lock(waiting: .zero) }
        // What lies on a medium is not ours.
        #expect(
            try Set(state.directory.entries().filter { $0.kind == .file }.map(\.path)) == [
                ".tmp-3c4d", "journal/registry/entry", "medium/.tmp-1a2b", "receipts.jsonl",
            ])
    }

    @Test(arguments: [0o777, 0o702, 0o720, 0o1777] as [mode_t])
    func oneThatOthersMayWriteIsRefused(mode: mode_t) throws {
        try home.makeDirectory("state")
        #expect(chmod(home.path("state"), mode) == 0)
        #expect(throws: LoadError(.files, "")) { try StateDirectory(making: home.path("state")) }
        #expect(throws: LoadError(.files, "")) { try StateDirectory(existing: home.path("state")) }
    }

    @Test(.enabled(if: geteuid() == 0)) func oneOfAnotherUserIsRefused() throws {
        try home.makeDirectory("state")
        #expect(chown(home.path("state"), 12345, 12345) == 0)
        #expect(throws: LoadError(.files, "")) { try StateDirectory(making: home.path("state")) }
    }

    @Test func whatIsNoDirectoryIsRefused() throws {
        try home.write("", to: "file")
        #expect(throws: LoadError(.files, "")) { try StateDirectory(making: home.path("file")) }
        #expect(throws: LoadError(.files, "")) { try StateDirectory(making: home.path("file/below")) }
    }

    @Test func anotherLoaderIsWaitedForAndThenBusy() throws {
        let first = try StateDirectory(making: home.path("state"))
        try first.lock(waiting: .zero)
        let second = try StateDirectory(making: home.path("state"))
        var rounds = 0
        #expect(throws: LoadError(.busy, "")) { try second.lock(waiting: .zero) { rounds += 1 } }
        #expect(rounds == 0)
        // A machine that does much else may not get to a second round in a short time.
        for wait: Duration in [.milliseconds(500), .seconds(5), .seconds(60)] where rounds < 2 {
            rounds = 0
            #expect(throws: LoadError(.busy, "")) { try second.lock(waiting: wait) { rounds += 1 } }
        }
        #expect(rounds >= 2)
    }

    @Test func theLockIsTakenWhenTheOtherLoaderEnds() throws {
        var first: StateDirectory? = try StateDirectory(making: home.path("state"))
        try first?.lock(waiting: .zero)
        let second = try StateDirectory(making: home.path("state"))
        var rounds = 0
        try second.lock(waiting: .seconds(60)) {
            rounds += 1
            if rounds == 2 { first = nil }
        }
        #expect(rounds == 2)
        #expect(first == nil)
    }

    @Test(.enabled(if: Toolbox.has("flock"))) func theLockOfAKilledLoaderIsFree() throws {
        let state = try StateDirectory(making: home.path("state"))
        let other = try Command("flock", ["--no-fork", home.path("state"), "sleep", "600"]).start()
        var probe = try StateDirectory(making: home.path("state"))
        let deadline = ContinuousClock.now + .seconds(60)
        // Until the other process has it, every probe gets the lock and lets it go.
        while (try? probe.lock(waiting: .zero)) != nil, .now < deadline {
            probe = try StateDirectory(making: home.path("state"))
        }
        var rounds = 0
        try state.lock(waiting: .seconds(60)) {
            rounds += 1
            other.kill()
        }
        #expect(rounds >= 1)
    }
}
