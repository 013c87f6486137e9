import Discs
import DurableFiles
import TestSupport
import Testing

/// Images are read as they are, and nothing in them is believed.
@Suite struct DiscFolderTests: ~Copyable {
    private let scene: DiscScene

    init() throws { scene = try DiscScene() }

    @Test func `what was laid out is read, at the root and in a folder`() throws {
        let image = try scene.write("ours.iso")
        #expect(try scene.read(image) == scene.contents)
        let deep = try scene.write("deep.iso", folder: "a/bb/c.d/e/f/g/h/i")
        #expect(try scene.read(deep, folder: "a/bb/c.d/e/f/g/h/i") == scene.contents)
        #expect(try scene.read(deep, folder: "a/bb").keys.allSatisfy { $0.hasPrefix("c.d/e/f/g/h/i/") })
        #expect(throws: DiscError(.notFound, "")) { try scene.read(deep, folder: "a/b") }
        #expect(throws: DiscError(.notFound, "")) { try scene.read(image, folder: "STATEMENT") }
    }

    @Test(.enabled(if: Toolbox.has("xorriso"))) func `other programs read what was laid out`() async throws {
        let many = Dictionary(
            uniqueKeysWithValues: (0..<300).map { ("many/a file of some length, \($0)", [UInt8($0 % 7)]) })
        let image = try scene.write("ours.iso", extra: many)
        #expect(try scene.read(image).count == scene.contents.count + 300)
        let arguments = ["-no_rc", "-osirrox", "on", "-indev", image, "-extract", "/", scene.directory.path("read")]
        try await Command("xorriso", arguments).check()
        for (path, bytes) in scene.contents.merging(many, uniquingKeysWith: { $1 }) {
            #expect(try scene.directory.read("read/" + path) == bytes)
        }
        try await Command("chmod", ["-R", "u+w", scene.directory.path("read")]).check()
        let list = try await Command(
            "xorriso", ["-no_rc", "-read_fs", "ecma119", "-indev", image, "-find", "/", "-type", "f"]
        ).check().outputText
        // The plain names are different, and short.
        let plain = list.split(separator: "\n").map { $0.split(separator: "/").last.map { $0.dropLast() } ?? "" }
        #expect(Set(list.split(separator: "\n")).count == scene.contents.count + 300)
        #expect(plain.allSatisfy { $0.utf8.count <= 33 })
        let joliet = try await Command(
            "xorriso", ["-no_rc", "-read_fs", "norock", "-indev", image, "-find", "/", "-type", "f"]
        ).check().outputText
        #expect(
            Set(joliet.split(separator: "\n").map { $0.dropFirst(2).dropLast() })
                == Set(
                    (Array(scene.contents.keys) + Array(many.keys)).map { $0[...] }))
    }

    @Test(
        .enabled(if: Toolbox.has("xorriso")),
        arguments: [
            ["-R"], ["-R", "-J", "-joliet-long"], ["-r", "-J"], ["-J", "-joliet-long"], ["-R", "-iso-level", "3"],
            ["-R", "-partition_offset", "16"], ["-R", "-no-pad"],
        ])
    func `images of another program are read`(options: [String]) async throws {
        let image = try await scene.mkisofs("made.iso", options)
        #expect(try scene.read(image) == scene.contents)
    }

    @Test(.enabled(if: Toolbox.has("genisoimage")), arguments: [["-R"], ["-R", "-J"], ["-r", "-J", "-joliet-long"]])
    func `images of a third program are read`(options: [String]) async throws {
        let image = scene.directory.path("made.iso")
        try await Command("genisoimage", ["-quiet", "-o", image] + options + [scene.directory.path("root")]).check()
        #expect(try scene.read(image) == scene.contents)
    }

    @Test func `a part of a file ends where it ends`() throws {
        let (image, rest) = try #require(try ReadableFile.open(through: try scene.write("ours.iso") + "/x//y"))
        #expect(rest == "x/y")
        let file = try DiscFolder(image, folder: "").openFile("README.txt")
        #expect(file.size == 2048)
        #expect(try file.read(at: 2040, count: 8) == Array(scene.contents["README.txt"]?[2040...] ?? []))
        #expect(throws: FileError(.truncated, "")) { try file.read(at: 2040, count: 9) }
        var read = 0
        try file.forEachChunk { read += $0.count }
        #expect(read == 2048)
        let folder = try DiscFolder(image, folder: "")
        #expect(throws: FileError(.notFound, "")) { try folder.openFile("absent") }
        #expect(throws: FileError(.notRegular, "")) { try folder.openFile("blobs") }
        #expect(throws: FileError(.overLimit, "")) { try folder.entries(limit: 3) }
        #expect(try ReadableFile.open(through: "/dev/null") == nil)
        #expect(try folder.folder("blobs").entries(limit: 9).map(\.kind) == [.directory, .file, .file])
    }

    @Test func `an image that is cut off is refused`() throws {
        let image = try scene.write("ours.iso")
        let size = try scene.directory.read("ours.iso").count
        for end in [size - 1, size - 310_000, 40_960] {
            let cut = try scene.changed(image) { $0.removeLast($0.count - end) }
            #expect(throws: DiscError(.damaged, ""), "\(end)") { try scene.read(cut) }
        }
        for end in [0, 2048, 32768, 34815] {
            let cut = try scene.changed(image) { $0.removeLast($0.count - end) }
            #expect(throws: DiscError(.unsupported, ""), "\(end)") { try scene.read(cut) }
        }
    }

    /// What somebody does to an image who knows its form.
    private static let attacks: [(String, @Sendable (inout [UInt8]) throws -> Void)] = [
        ("outside", { try $0.set32(0x7fff_ffff, at: #require($0.record(of: "STATEMENT")) + 2) }),
        (
            "beyond the end",
            {
                $0.set32(Int(UInt32.max), at: try #require($0.record(of: "STATEMENT")) + 10)
                $0.set32(Int(UInt32.max), at: try #require($0.record(of: "STATEMENT;1", isJoliet: true)) + 10)
            }
        ),
        (
            "another file by Joliet",
            { try $0.set32(20, at: #require($0.record(of: "STATEMENT;1", isJoliet: true)) + 2) }
        ),
        (
            "a longer file by Joliet",
            { try $0.set32(301, at: #require($0.record(of: "STATEMENT;1", isJoliet: true)) + 10) }
        ),
        (
            "overlapping",
            {
                for (name, isJoliet) in [("README.txt", false), ("README.txt;1", true)] {
                    try $0.set32(4096, at: #require($0.record(of: name, isJoliet: isJoliet)) + 10)
                }
            }
        ),
        ("a slash in a name", { $0.replace("a.b.c", by: "a/b.c") }),
        ("no name", { $0.replace("a.b.c", by: "\0\0\0\0\0") }),
        ("two of one name", { $0.replace("a.b.c", by: "a_b.c") }),
        ("a file of several places", { $0[try #require($0.record(of: "README.txt")) + 25] |= 0x80 }),
        (
            "a folder in itself",
            {
                let folder = try #require($0.record(of: "sha256"))
                let above = try #require($0.record(of: "blobs"))
                $0.set32($0.number32(at: above + 2), at: folder + 2)
            }
        ),
        ("a folder that is too large", { try $0.set32(65 << 20, at: #require($0.record(of: "blobs")) + 10) }),
        ("a name that ends behind its record", { $0[try #require($0.record(of: "STATEMENT")) + 32] = 250 }),
        ("a record that is too short", { $0[try #require($0.record(of: "STATEMENT"))] = 20 }),
        ("a volume larger than the file", { $0.set32(1 << 30, at: 32768 + 80) }),
    ]

    @Test(arguments: attacks.indices) func `a hostile image is refused`(number: Int) throws {
        let (what, change) = Self.attacks[number]
        let changed = try scene.changed(try scene.write("ours.iso"), change)
        #expect(throws: DiscError(.damaged, ""), "\(what)") { try scene.read(changed) }
    }

    @Test func `no byte of the names makes reading crash`() throws {
        let path = try scene.write("ours.iso")
        let bytes = try scene.directory.read("ours.iso")
        let first = try #require(bytes.firstRange(of: scene.contents["README.txt"] ?? [])).lowerBound
        let places = (32768..<first).filter { bytes[$0] != 0 && bytes[$0] != 0x20 }
        var random = DeterministicRandom(seed: 92)
        var refused = 0
        for _ in 0..<400 {
            let change = random.bytes(6)
            let changed = try scene.changed(path) { bytes in
                for index in stride(from: 0, to: change.count, by: 3) {
                    let place = Int(change[index]) << 8 | Int(change[index + 1])
                    bytes[places[place % places.count]] ^= change[index + 2]
                }
            }
            do { _ = try scene.read(changed) } catch { refused += 1 }
        }
        #expect(refused > 20)
    }
}

extension [UInt8] {
    /// Another name of the same length, wherever the old one stands in Rock Ridge.
    fileprivate mutating func replace(_ name: String, by other: String) {
        guard let record = record(of: name) else { return }
        let end = record + Int(self[record])
        guard let found = self[record..<end].firstRange(of: Array(name.utf8)) else { return }
        replaceSubrange(found, with: Array(other.utf8))
    }
}
