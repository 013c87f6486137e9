import BundleFormat
import BundleSpec
import Console
import Cryptography
import DurableFiles
import Foundation
import OCI
import TestSupport
import Testing

@testable import BundleBuilder

/// What a build does with what lies at its output.
@Suite struct OutputBuildTests {
    private static func workshop() async throws -> (Workshop, Specification, LockFile) {
        let workshop = try Workshop()
        try await ImageFactory.write(.sharedBase, to: workshop.directory.path("layout"))
        let specification = try workshop.specification("  - image: oci-layout:./layout@one\n    as: [local/one:1]")
        return (workshop, specification, try await workshop.lock(specification))
    }

    @Test func `a directory that is neither empty nor a bundle is left alone`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        try workshop.directory.makeDirectory("bundle")
        try workshop.directory.write("mine", to: "bundle/notes.txt")
        #expect(await Workshop.code { _ = try await workshop.make(specification, lock: lock) } == .output)
        #expect(try workshop.tree().count == 1)
        #expect(try workshop.directory.read("bundle/notes.txt") == Array("mine".utf8))
        try workshop.directory.write("mine", to: "file")
        #expect(
            await Workshop.code { _ = try await workshop.make(specification, lock: lock, output: "file") } == .output)
        for name in [".", "..", "x/.."] {
            #expect(
                await Workshop.code { _ = try await workshop.make(specification, lock: lock, output: name) } == .output,
                "\(name)")
        }
        for name in ["bundle.partial", "file.partial", "x"] { #expect(!workshop.exists(name), "\(name)") }
        try workshop.directory.makeDirectory("empty")
        _ = try await workshop.make(specification, lock: lock, output: "empty")
        _ = try await workshop.make(specification, lock: lock, output: "new/deep/bundle/")
    }

    @Test(arguments: ["bundle/inner", "bundle/blobs/sha256/inner", "bundle/new/deep"])
    func `no bundle is made inside another one`(output: String) async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        _ = try await workshop.make(specification, lock: lock)
        let before = try workshop.tree()
        #expect(
            await Workshop.code { _ = try await workshop.make(specification, lock: lock, output: output) } == .output)
        #expect(try workshop.tree() == before)
        _ = try await workshop.verified()
    }

    @Test func `a link at the output is not followed`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        let target = try workshop.directory.makeDirectory("elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: workshop.directory.path("bundle"), withDestinationPath: target)
        #expect(await Workshop.code { _ = try await workshop.make(specification, lock: lock) } == .output)
        #expect(try workshop.tree("elsewhere").isEmpty)
    }

    @Test func `an older bundle is replaced in one step and leaves nothing behind`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        _ = try await workshop.make(specification, lock: lock)
        let old = try workshop.tree()
        // Also what does not belong into a bundle goes.
        try workshop.directory.write("stray", to: "bundle/blobs/stray")
        let other = try workshop.specification("  - image: oci-layout:./layout@two\n    as: [local/two:1]")
        let contents = try await workshop.make(other)
        #expect(contents.manifest.images.map(\.reference) == ["oci-layout:./layout@two"])
        #expect(try workshop.tree() != old)
        #expect(try workshop.tree("bundle.partial").isEmpty)
        _ = try await workshop.make(specification, lock: lock)
        #expect(try workshop.tree() == old)
    }

    @Test func `what an interrupted build left never gets into the next bundle`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        _ = try await workshop.make(specification, lock: lock, output: "reference")
        try workshop.directory.makeDirectory("bundle.partial/blobs/sha256")
        try workshop.directory.makeDirectory("bundle.partial/leftover/deep")
        for name in [
            "blobs/sha256/.tmp-1", "blobs/sha256/\(String(repeating: "0", count: 64))", ".tmp-2", "notes.txt",
            "STATEMENT",
        ] {
            try workshop.directory.write("junk", to: "bundle.partial/" + name)
        }
        _ = try await workshop.make(specification, lock: lock)
        #expect(try workshop.tree() == workshop.tree("reference"))
    }

    @Test func `a failed build leaves the older bundle as it is`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        _ = try await workshop.make(specification, lock: lock)
        let old = try workshop.tree()
        let bad = try workshop.specification("  - image: oci-layout:./layout@none\n    as: [local/none:1]")
        #expect(await Workshop.code { _ = try await workshop.make(bad) } == .notFound)
        #expect(try workshop.tree() == old)
        // One that fails after it has begun to work at the output.
        for name in try FileManager.default.contentsOfDirectory(atPath: workshop.directory.path("layout/blobs/sha256"))
        {
            let path = "layout/blobs/sha256/" + name
            try workshop.directory.write(workshop.directory.read(path).reversed(), to: path)
        }
        try FileManager.default.removeItem(atPath: workshop.directory.path("cache/v1/layers"))
        try workshop.directory.makeDirectory("cache/v1/layers")
        for name in try FileManager.default.contentsOfDirectory(atPath: workshop.directory.path("cache/v1/blobs")) {
            let path = "cache/v1/blobs/" + name
            let bytes = try workshop.directory.read(path)
            if bytes.starts(with: [0x1F, 0x8B]) { try workshop.directory.write([], to: path) }
        }
        #expect(await Workshop.code { _ = try await workshop.make(specification, lock: lock) } == .source)
        #expect(try workshop.tree() == old)
        #expect(!workshop.exists("bundle.partial"))
    }

    @Test func `an older bundle in which somebody works is not replaced`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        _ = try await workshop.make(specification, lock: lock)
        let old = try workshop.tree()
        let other = try workshop.specification("  - image: oci-layout:./layout@two\n    as: [local/two:1]")
        let otherLock = try await workshop.lock(other)
        do {
            let holder = try Directory(opening: workshop.directory.path("bundle"))
            try holder.lock()
            #expect(await Workshop.code { _ = try await workshop.make(other, lock: otherLock) } == .busy)
            #expect(try holder.isNamed("bundle", in: Directory(opening: workshop.directory.path)))
        }
        #expect(try workshop.tree() == old)
        #expect(!workshop.exists("bundle.partial"))
        _ = try await workshop.make(other, lock: otherLock)
        #expect(try workshop.tree() != old)
    }

    @Test func `a build gets an empty directory of its own, however many begin and end at the same time`() async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.path("bundle")
        let published = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var published = 0
                    for number in 0..<60 {
                        do {
                            let output = try OutputDirectory(path: path)
                            #expect(try output.partial.entries().isEmpty)
                            try output.partial.writeFile("STATEMENT", [UInt8(worker)])
                            guard number % 3 > 0 else {
                                output.discard()
                                continue
                            }
                            do { try output.publish() } catch {
                                output.discard()
                                throw error
                            }
                            published += 1
                        } catch let error as BuildError {
                            #expect(error.code == .busy, "\(error)")
                        }
                    }
                    return published
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(published > 0)
        #expect(try Directory(opening: directory.path).entries().map(\.path) == ["bundle", "bundle/STATEMENT"])
    }

    @Test func `of two builds into one output the second is refused`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        // The first one stands still in its progress until the second one has been refused.
        let gate = Gate()
        let first = try workshop.build(
            specification,
            progress: WorkListener(
                phase: { name, _ in if name == "pack" { gate.pass() } }, advance: { _ in }, note: { _ in }))
        async let result = first.run(lock)
        await gate.waitUntilReached()
        #expect(await Workshop.code { _ = try await workshop.make(specification, lock: lock, cache: "b") } == .busy)
        gate.open()
        _ = try await result
        _ = try await workshop.verified()
        #expect(try workshop.tree("bundle.partial").isEmpty)
    }

    @Test func `builds of different outputs share a cache at the same time`() async throws {
        let (workshop, specification, lock) = try await Self.workshop()
        async let one = workshop.make(specification, lock: lock, output: "one")
        async let two = workshop.make(specification, lock: lock, output: "two")
        async let three = workshop.make(specification, lock: lock, output: "three")
        _ = try await (one, two, three)
        #expect(try workshop.tree("one") == workshop.tree("two"))
        #expect(try workshop.tree("one") == workshop.tree("three"))
    }
}

/// Holds a thread until a test lets it go.
private final class Gate: Sendable {
    private let reached = AsyncStream<Void>.makeStream()
    private let opened = DispatchSemaphore(value: 0)

    func pass() {
        reached.continuation.yield()
        opened.wait()
        opened.signal()
    }

    func waitUntilReached() async { for await _ in reached.stream { return } }

    func open() { opened.signal() }
}
