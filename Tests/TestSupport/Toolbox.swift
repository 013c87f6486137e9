import Foundation
import Synchronization

/// Which of the real programs are there.
///
/// An absent one skips its tests and says so on standard error. Where `CI` is `true` or `REQUIRE_TOOLS` is `1` nothing is
/// skipped: the test runs, and fails naming the program.
public enum Toolbox {
    /// Whether tests that need all these programs shall run.
    public static func has(_ programs: String...) -> Bool {
        let absent = programs.filter { path(of: $0) == nil }
        guard !absent.isEmpty, !requiresTools else { return true }
        for program in absent { announce("tests that need '\(program)' are SKIPPED; 'make deps' installs it") }
        return false
    }

    /// Whether tests that need a docker daemon of their own shall run; that takes root.
    public static var hasDockerDaemon: Bool { hasEngine("dockerd", "docker") }

    /// Whether tests that need an engine of their own, made of these programs, shall run; that takes root.
    public static func hasEngine(_ programs: String...) -> Bool {
        guard programs.allSatisfy({ has($0) }) else { return false }
        guard geteuid() != 0, !requiresTools else { return true }
        announce("tests that need '\(programs[0])' are SKIPPED; they must run as root")
        return false
    }

    /// Whether the engines are those of a newer system, as `.ci/with-engines` makes them; Debian 12's docker has no store of containerd.
    public static var hasNewEngines: Bool { ProcessInfo.processInfo.environment["ENGINE_ROOT"] != nil }

    /// Whether tests that mount volumes of their own shall run; that takes root.
    public static var canMount: Bool {
        guard has("mount", "umount") else { return false }
        guard geteuid() != 0, !requiresTools else { return true }
        announce("tests that mount volumes are SKIPPED; they must run as root")
        return false
    }

    /// Whether absent programs are failures.
    public static var requiresTools: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["CI"] == "true" || environment["REQUIRE_TOOLS"] == "1"
    }

    /// Where a program lies: in `PATH`, or where Debian puts daemons; nil when it is not there.
    public static func path(of program: String) -> String? {
        guard !program.contains("/") else { return access(program, X_OK) == 0 ? program : nil }
        let listed = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (listed + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"]).lazy
            .map { $0 + "/" + program }.first { access($0, X_OK) == 0 }
    }

    private static let announced = Mutex<Set<String>>([])

    private static func announce(_ text: String) {
        guard announced.withLock({ $0.insert(text).inserted }) else { return }
        FileHandle.standardError.write(Data("\n*** \(text)\n\n".utf8))
    }
}
