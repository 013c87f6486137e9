import BundleLoader
import Foundation
import TestSupport
import Testing

@Suite struct ReadyMarkerTests {
    private let home: TemporaryDirectory
    private let path: String

    init() throws {
        home = try TemporaryDirectory()
        path = home.path("run/ready")
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    @Test func theExampleOfTheSpecification() {
        #expect(
            ReadyMarkers.name(of: "registry.example.com/acme/web:1.4") == "registry.example.com-acme-web:1.4")
    }

    @Test(.enabled(if: Toolbox.has("systemd-escape"))) func namesAreAsSystemdEscapeMakesThem() async throws {
        var texts = [
            "docker.io/library/nginx:1.25", "127.0.0.1:5000/a_b/c-d.e:v1", ".hidden/.x", "a@sha256:" + "0f", "/a//b/",
            "Größe/a b", "a\\b", "-", "..", "~!$%&'\"*+,;<=>?[]^`{|}\u{7F}\t", "x.service",
        ]
        // Every byte that an argument can hold, in a valid text.
        texts += (1..<0x80).map { "a" + String(UnicodeScalar(UInt8($0))) }
        let result = try await Command("systemd-escape", ["--"] + texts).check().outputText
        let expected = result.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
        #expect(texts.map { ReadyMarkers.name(of: $0) } == expected)
    }

    @Test func aNameThatNoFileCanHaveHasNoMarker() throws {
        #expect(ReadyMarkers.name(of: String(repeating: "a", count: 255)) != nil)
        #expect(ReadyMarkers.name(of: String(repeating: "a", count: 256)) == nil)
        #expect(ReadyMarkers.name(of: String(repeating: "-", count: 64)) == nil)
        #expect(ReadyMarkers.name(of: "") == nil)
        let markers = try ReadyMarkers(making: path)
        try markers.mark([String(repeating: "a", count: 256), "b"])
        #expect(try names == ["b"])
    }

    @Test func aReferenceMayStandForItsMarker() throws {
        #expect(try ReadyMarkers.name(parsing: "library/nginx") == "docker.io-library-nginx:latest")
        #expect(try ReadyMarkers.name(parsing: "example.com/a-b:1") == #"example.com-a\x2db:1"#)
        #expect(try ReadyMarkers.name(parsing: #"example.com-a\x2db:1"#) == #"example.com-a\x2db:1"#)
        for text in ["", ".ended", "../x", "/etc/passwd", "a b", "a\nb", String(repeating: "a", count: 256), "a/B"] {
            #expect(throws: LoadError(.configuration, ""), "\(text)") { try ReadyMarkers.name(parsing: text) }
        }
    }

    @Test func markersComeAndGo() throws {
        let markers = try ReadyMarkers(making: path)
        let run = try markers.begin()
        try markers.mark(["example.com/a:1", "example.com/b:1"])
        try markers.mark(["example.com/a:1"])
        #expect(try names == [".begun", "example.com-a:1", "example.com-b:1"])
        try markers.unmark(["example.com/a:1", "example.com/never:1"])
        #expect(try names == [".begun", "example.com-b:1"])
        try markers.end()
        #expect(try names == [".begun", ".ended", "example.com-b:1"])
        let next = try ReadyMarkers(making: path).begin()
        #expect(try names == [".begun", "example.com-b:1"])
        withExtendedLifetime((run, next)) {}
        #expect(try home.read("run/ready/example.com-b:1").isEmpty)
    }

    @Test func aDirectoryThatOthersMayWriteIsRefused() throws {
        try home.makeDirectory("run/ready")
        #expect(chmod(path, 0o777) == 0)
        #expect(throws: LoadError(.files, "")) { try ReadyMarkers(making: path) }
    }

    @Test func aMarkerIsWaitedForBeforeItsDirectoryIsThere() throws {
        var rounds = 0
        try ReadyMarkers.wait(for: "example.com-a:1", in: path, waiting: .seconds(60)) {
            rounds += 1
            // What a loader does meanwhile.
            let isDone = rounds == 3
            #expect(throws: Never.self) {
                let markers = try ReadyMarkers(making: path)
                try markers.mark([isDone ? "example.com/a:1" : "example.com/b:1"])
            }
        }
        #expect(rounds == 3)
    }

    @Test func theWaitEndsInTimeAndWithTheRun() throws {
        let notFound = LoadError(.notFound, "")
        var rounds = 0
        #expect(throws: notFound) { try ReadyMarkers.wait(for: "a", in: path, waiting: .zero) { rounds += 1 } }
        #expect(rounds == 0)
        #expect(throws: notFound) {
            try ReadyMarkers.wait(for: "a", in: path, waiting: .milliseconds(300)) { rounds += 1 }
        }
        #expect(rounds >= 1)
        let markers = try ReadyMarkers(making: path)
        do {
            let run = try markers.begin()
            try markers.mark(["a"])
            try markers.end()
            withExtendedLifetime(run) {}
        }
        #expect(throws: Never.self) { try ReadyMarkers.wait(for: "a", in: path, waiting: .zero) }
        for (wait, patience) in [(Duration.seconds(600), Duration.zero), (.zero, .seconds(600))] {
            let error = #expect(throws: notFound) {
                try ReadyMarkers.wait(for: "b", in: path, waiting: wait, patience: patience)
            }
            #expect(error?.message.contains("the loader has ended without it") == true)
        }
    }

    @Test func theEndOfOneRunEndsNoWaitForAnother() throws {
        let markers = try ReadyMarkers(making: path)
        do { _ = try markers.begin() }
        try markers.end()
        // As after a boot without the medium: loader and waiter are started side by side.
        var rounds = 0
        var next: AnyObject?
        try ReadyMarkers.wait(for: "a", in: path, waiting: .seconds(600), patience: .seconds(60)) {
            rounds += 1
            if rounds == 2 { next = try? markers.begin() }
            if rounds == 3 { try? markers.mark(["a"]) }
        }
        #expect(rounds == 3)
        // A second run beside it, which gives up.
        do { _ = try markers.begin() }
        try markers.end()
        let error = #expect(throws: LoadError(.notFound, "")) {
            try ReadyMarkers.wait(for: "b", in: path, waiting: .milliseconds(300), patience: .zero)
        }
        #expect(error?.message.contains("was not there after") == true)
        withExtendedLifetime(next) {}
    }

    @Test func theWaitEndsSoonAfterARunThatWasKilled() throws {
        let notFound = LoadError(.notFound, "")
        let markers = try ReadyMarkers(making: path)
        var run: AnyObject? = try markers.begin()
        #expect(run != nil)
        let other = try markers.begin()
        // As the kernel does for a process that is killed; another loader works on.
        run = nil
        let error = #expect(throws: notFound) {
            try ReadyMarkers.wait(for: "a", in: path, waiting: .milliseconds(300), patience: .zero)
        }
        #expect(error?.message.contains("was not there after") == true)
        withExtendedLifetime(other) {}
    }

    @Test func aSuccessorOfTheKilledRunIsWaitedFor() throws {
        let notFound = LoadError(.notFound, "")
        let markers = try ReadyMarkers(making: path)
        do { _ = try markers.begin() }
        var error = #expect(throws: notFound) {
            try ReadyMarkers.wait(for: "a", in: path, waiting: .seconds(600), patience: .milliseconds(300))
        }
        #expect(error?.message.contains("was killed") == true)
        // One that comes in time begins the wait anew.
        var rounds = 0
        var next: AnyObject?
        error = #expect(throws: notFound) {
            try ReadyMarkers.wait(for: "a", in: path, waiting: .seconds(600), patience: .seconds(3)) {
                rounds += 1
                if rounds == 2 { next = try? markers.begin() }
                if rounds == 6 { next = nil }
            }
        }
        #expect(error?.message.contains("was killed") == true && rounds >= 8)
        #expect(next == nil)
    }

    @Test func whoMayOnlyReadHindersNobody() throws {
        let markers = try ReadyMarkers(making: path)
        do { _ = try markers.begin() }
        var status = stat()
        #expect(stat(path + "/.begun", &status) == 0 && status.st_mode & 0o777 == 0o644)
        let file = open(path + "/.begun", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        // F_OFD_SETLK: all that a reader can hold is what a loader holds too.
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        #expect(fcntl(file, 37, &lock) == -1 && errno == EBADF)
        lock.l_type = Int16(F_RDLCK)
        #expect(fcntl(file, 37, &lock) == 0)
        #expect(throws: Never.self) { _ = try markers.begin() }
    }
}
