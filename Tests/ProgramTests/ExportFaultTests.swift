import Foundation
import TestSupport
import Testing

/// Exports onto full volumes, and exports that are killed: the final name is that of something whole, or of nothing.
@Suite(.enabled(if: Toolbox.has("strace"))) struct ExportFaultTests {
    private let scene: ExportScene

    init() async throws { scene = try await ExportScene() }

    private static let formats = ["docker-archive", "oci-archive", "oci-layout", "k3s"]

    /// Runs an export of which calls on files fail, or kill it.
    private func export(_ format: String, to output: String, inject: String, in call: String) async throws
        -> CommandResult
    {
        var command = scene.export(format, to: output)
        command.environment["LIBDISPATCH_COOPERATIVE_POOL_STRICT"] = "1"
        command.arguments =
            ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):\(inject)", command.program]
            + command.arguments
        command.program = "strace"
        return try await command.run()
    }

    @Test(.enabled(if: Toolbox.canMount)) func `a volume that is too small is left as it was`() async throws {
        let volume = try await SmallVolume("size=100k")
        for format in Self.formats {
            var command = scene.export(format, to: "unused")
            command.arguments[7] = volume.path + "/new"
            let result = try await command.run()
            #expect(result.status == .exited(6), "\(format): \(result.errorText)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: volume.path).isEmpty)
        }
    }

    @Test(arguments: formats)
    func `a volume that becomes full leaves nothing`(format: String) async throws {
        for moment in [5, 20] {
            let result = try await export(format, to: "new", inject: "error=ENOSPC:when=\(moment)", in: "write")
            #expect(result.status == .exited(6), "\(moment): \(result.errorText)")
            try scene.expectNothing("new")
        }
    }

    @Test(arguments: formats)
    func `an export that is killed in the nth call of each kind is completed to the same bytes`(
        format: String
    ) async throws {
        try await scene.export(format, to: "clean").check()
        let isDirectory = format == "oci-layout" || format == "k3s"
        func bytes(_ name: String) throws -> [String: [UInt8]] {
            isDirectory ? try scene.program.tree(name) : ["": try scene.program.directory.read(name)]
        }
        let clean = try bytes("clean")
        var kills = 0
        for (call, moments) in [
            "write": [1, 30], "fsync": [1, 2], "renameat": [1, 2], "fchmod": [1], "mkdirat": [1], "unlinkat": [1],
        ] {
            for moment in moments {
                let result = try await export(format, to: "new", inject: "signal=KILL:when=\(moment)", in: call)
                if result.status == .signalled(9) { kills += 1 } else { #expect(result.status == .exited(0)) }
                let what = "\(call) \(moment)"
                if scene.program.exists("new") {
                    #expect(try bytes("new") == clean, "\(what)")
                } else {
                    #expect(result.status == .signalled(9), "\(what)")
                    try await scene.export(format, to: "new").check()
                    #expect(try bytes("new") == clean, "\(what)")
                }
                try scene.program.remove("new")
                // What was killed after the name was given is removed by the next export of that name.
                try scene.program.remove(".new.partial")
            }
        }
        #expect(kills >= 6)
    }
}
