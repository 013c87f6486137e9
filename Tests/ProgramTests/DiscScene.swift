import Foundation
import TestSupport
import Testing

/// A bundle of one image, and the media that are made of it.
struct DiscScene: Sendable {
    let program: Program

    init() async throws {
        program = try await Program()
        var random = DeterministicRandom(seed: 61)
        // More than a frame of contents, so that the other layer gets another frame, and that another pack.
        let layer = try await LayerFixture([.file("random", random.bytes(9 << 19))], compression: .none)
        let other = try await LayerFixture([.file("other", random.bytes(700_000))], compression: .none)
        var images = ImageSet()
        images.add(
            ImageFixture([layer, other, try await ImageFactory.files(seed: 62, count: 5, size: 20_000)]),
            tag: "registry.example.com/acme/web:1")
        try images.write(to: program.directory.path("layout"))
        try await build(version: 1, output: "bundle")
    }

    func build(version: Int, output: String) async throws {
        let spec = try program.spec(
            "  - image: oci-layout:./layout@registry.example.com/acme/web:1\n    as: [\"registry.example.com/acme/web:1\"]",
            name: "spec-\(version).yaml", version: version)
        // Two packs, so that one can be there and the other not.
        try await program.command([
            "build", spec, "--output", program.directory.path(output), "--key", program.key, "--level", "3",
            "--pack-size", "1", "--cache", program.directory.path("cache"), "--no-progress",
        ]).check()
    }

    /// A bundle of more than seven megabytes.
    func buildLarger(output: String) async throws {
        var random = DeterministicRandom(seed: 63)
        var images = ImageSet()
        images.add(
            ImageFixture([try await LayerFixture([.file("random", random.bytes(7 << 20))])]),
            tag: "registry.example.com/acme/large:1")
        try images.write(to: program.directory.path("large"))
        let spec = try program.spec(
            "  - image: oci-layout:./large@registry.example.com/acme/large:1\n    as: [\"registry.example.com/acme/large:1\"]",
            name: "large.yaml", version: 3)
        try await program.build(spec, output: output)
    }

    func iso(_ output: String, bundle: String = "bundle", _ more: String...) -> Command {
        program.command(
            [
                "iso", program.directory.path(bundle), "--trust", program.trusted, "--output",
                program.directory.path(output), "--no-progress",
            ] + more)
    }

    func usb(_ mountPoint: String, bundle: String = "bundle", _ more: String...) -> Command {
        program.command(
            [
                "usb", program.directory.path(bundle), "--trust", program.trusted, "--output", mountPoint,
                "--no-progress",
            ] + more)
    }

    /// What xorriso says of an image.
    func report(_ image: String, _ arguments: String...) async throws -> String {
        try await Command("xorriso", ["-no_rc", "-indev", program.directory.path(image)] + arguments).check().outputText
    }

    /// All files of an image, or those beneath one of its folders.
    func extract(_ image: String, _ folder: String = "/", to name: String) async throws {
        let path = program.directory.path(name)
        try await Command(
            "xorriso", ["-no_rc", "-osirrox", "on", "-indev", program.directory.path(image), "-extract", folder, path]
        ).check()
        try await Command("chmod", ["-R", "u+w", path]).check()
    }

    /// Demands that these are all images, and that nothing half is left.
    func expectOnly(_ images: Set<String>, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: program.directory.path)
            .filter { $0.contains(".iso") || $0.contains("partial") }
        #expect(Set(names) == images, sourceLocation: sourceLocation)
        #expect(!program.exists("bundle/new.iso"), sourceLocation: sourceLocation)
    }
}
