import TestSupport
import Testing

/// A loader and a docker daemon that keep everything on one disk.
struct PowerCutMachine: Sendable {
    let scene: LoadScene
    let disk: CutDisk
    let docker: DockerDaemon
    var state: String { disk.path + "/state" }

    init(_ fileSystem: CutDisk.FileSystem, _ scene: LoadScene) async throws {
        self.scene = scene
        disk = try await CutDisk(fileSystem)
        docker = try await DockerDaemon(dataRoot: disk.path + "/docker")
    }

    func load(over socket: String? = nil) -> Command { scene.load(socket ?? docker.socket, state: state) }

    /// Cuts the power off and boots what was left.
    func reboot(_ cut: String) async throws {
        await docker.kill()
        try await disk.boot(cut)
        try await docker.start()
    }

    /// Boots a disk, loads, and demands that all is right then.
    func heal(_ cut: String, _ what: String) async throws {
        try await reboot(cut)
        let result = try await load().run()
        #expect(result.status == .exited(0), "\(what): \(result.errorText)")
        try await scene.expectImages(in: docker, what, running: 2)
    }
}
