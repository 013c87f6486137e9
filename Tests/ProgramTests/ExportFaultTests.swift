import Foundation
import TestSupport
import Testing

/// Exports onto full volumes, and exports that are killed: the final name is that of something whole, or of nothing.
@Suite(.enabled(if: Toolbox.has("strace"))) struct ExportFaultTests {
    private let scene: ExportScene

    init() async throws { scene = try await ExportScene() }

    private static let formats = ["docker-archive", "oci-archive", "oci-layout", "k3s"]

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

    @Test(.enabled(if: Toolbox.canMount), arguments: formats)
    func `a volume that becomes full leaves nothing`(format: String) async throws {
        let volume = try await SmallVolume("size=4m")
        var command = scene.export(format, to: "unused").injecting("delay_enter=30000", in: "write")
        let position = try #require(command.arguments.firstIndex(of: "--output")) + 1
        command.arguments[position] = volume.path + "/new"
        let export = try command.start()
        await Thread.running {
            // The room was counted before.
            func hasBegun() -> Bool {
                let names = FileManager.default.enumerator(atPath: volume.path + "/.new.partial")?.allObjects
                return (names as? [String])?.contains { $0.hasPrefix(".tmp-") } ?? false
            }
            while export.status == nil, !hasBegun() { usleep(2000) }
            while export.status == nil {
                volume.fill()
                usleep(2000)
            }
        }
        #expect(await export.waitForEnd() == .exited(6), "\(String(decoding: export.errorOutput(), as: UTF8.self))")
        #expect(try FileManager.default.contentsOfDirectory(atPath: volume.path) == ["filler"])
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
                let result = try await scene.export(format, to: "new")
                    .injecting("signal=KILL:when=\(moment)", in: call).run()
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
