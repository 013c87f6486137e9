import Foundation
import Synchronization

/// A system of one test: systemd as its first process, over a view of this system's files that keeps what is changed; needs root.
///
/// `/tmp` and `/dev` are those of this system; units are only those that the test installs, and control groups lie beneath
/// groups of its own, for units of the same name in two systems would end each other's processes. It ends with its last
/// owner.
public final class BootedSystem: Sendable {
    private let directory: TemporaryDirectory
    private let process: Mutex<RunningCommand>
    private let command: Command
    private let groups: [String]

    /// Boots.
    ///
    /// - Parameter script: What the shell does before each boot, in the root of the new system.
    /// - Throws: `CommandError`.
    public init(_ script: String) async throws {
        directory = try TemporaryDirectory()
        let name = URL(filePath: directory.path).lastPathComponent
        let hierarchies = try KernelText.read("/proc/self/mounts").split(separator: "\n")
            .map { $0.split(separator: " ") }.filter { ["cgroup", "cgroup2"].contains($0[2]) }.map { String($0[1]) }
        groups = hierarchies.map { $0 + "/" + name }
        let layers = try directory.makeDirectory("layers")
        // The upper layer of an overlay must not lie on another one, as /tmp of a container does.
        try await Command("mount", ["-t", "tmpfs", "tmpfs", layers]).check()
        for name in ["upper", "work", "root"] { try directory.makeDirectory("layers/" + name) }
        let boot = """
            set -e
            cd "$0"
            mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
            cd root
            for point in proc sys dev tmp; do mount --rbind "/$point" "$point"; done
            for groups in $1; do mount --bind "$groups/\(name)" ".$groups"; done
            mount -t tmpfs tmpfs run
            # Of this system's units none shall start by itself.
            rm -rf lib/systemd/system/*.wants etc/systemd/system
            mkdir -p etc/systemd/system/multi-user.target.wants
            \(script)
            pivot_root . .
            umount --lazy .
            exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=null
            """
        let enter = """
            set -e
            for groups in $2; do
                mkdir -p "$groups/\(name)"
                # Without them the old version of cpuset takes no process.
                for set in cpuset.cpus cpuset.mems; do
                    [ ! -e "$groups/$set" ] || cat "$groups/$set" >"$groups/\(name)/$set"
                done
                echo $$ >"$groups/\(name)/cgroup.procs"
            done
            exec unshare --mount --pid --fork --uts --net --ipc --cgroup --kill-child --mount-proc \
                sh -c "$0" "$1" "$2"
            """
        // Unlike other programs of tests it takes no SIGTERM when the test's own process is killed.
        command = Command(
            "setpriv",
            ["--pdeathsig", "KILL", "--", "sh", "-c", enter, boot, layers, hierarchies.joined(separator: " ")],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        process = Mutex(try command.start())
        try await waitUntilBooted()
    }

    deinit {
        process.withLock(\.self).kill()
        // Groups go when the last process has gone.
        let removal = """
            for attempt in $(seq 100); do
                find "$@" -depth -type d -delete 2>/dev/null && break
                sleep 0.1
            done
            """
        let command = try? Command("sh", ["-c", removal, "sh"] + groups).start()
        while let command, command.status == nil { usleep(5000) }
    }

    /// Runs a program in the system.
    public func run(_ arguments: String...) async throws -> CommandResult { try await run(arguments) }

    /// The same with an array.
    public func run(_ arguments: [String]) async throws -> CommandResult {
        try await Command("nsenter", try enter() + arguments).run()
    }

    /// What a property of a unit is.
    public func property(_ name: String, of unit: String) async throws -> String {
        try await run("systemctl", "show", "--value", "--property=" + name, unit).outputText
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends all that runs at once, as a power cut does, and boots again.
    public func reboot() async throws {
        let old = process.withLock(\.self)
        old.kill()
        await old.waitForEnd()
        try await waitUntilGone()
        let new = try command.start()
        process.withLock { $0 = new }
        try await waitUntilBooted()
    }

    /// Waits until none of its processes is left, a minute at most.
    ///
    /// All others die after the first one, and until then hold what the next boot mounts again.
    private func waitUntilGone() async throws {
        let end = ContinuousClock.now + .seconds(60)
        // Groups go meanwhile, so whether it finds all of them says nothing.
        let list = Command("find", groups + ["-name", "cgroup.procs", "-exec", "cat", "{}", "+"])
        while ContinuousClock.now < end, try await !list.run().output.isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until no job is left.
    private func waitUntilBooted() async throws {
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end {
            let process = process.withLock(\.self)
            if let status = process.status {
                let output = String(decoding: process.output() + process.errorOutput(), as: UTF8.self)
                throw CommandError(.failed, "the system ended with \(status): \(output)")
            }
            if let enter = try? enter(),
                let state = try? await Command("nsenter", enter + ["systemctl", "is-system-running", "--wait"]).run(),
                ["running\n", "degraded\n"].contains(state.outputText)
            {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError(.timedOut, "the system did not boot within 300 s")
    }

    /// Options of `nsenter`: those of the first process, which is the child of `unshare`.
    private func enter() throws -> [String] {
        let parent = process.withLock(\.processID)
        let children = try KernelText.read("/proc/\(parent)/task/\(parent)/children")
        guard let first = children.split(separator: " ").first else {
            throw CommandError(.failed, "the system has no first process")
        }
        let name = try KernelText.read("/proc/\(first)/comm")
        guard name == "systemd\n" else { throw CommandError(.failed, "the system has not begun to boot") }
        return ["--target", String(first), "--mount", "--pid", "--uts", "--net", "--ipc", "--cgroup", "--"]
    }
}
