import Discs
import DurableFiles
import Foundation
import TestSupport

/// A folder of files, and images of it by our code and by others.
struct DiscScene: ~Copyable {
    let directory: TemporaryDirectory
    /// Names as in a bundle, two that only differ where they are long, and files of every size that matters.
    let contents: [String: [UInt8]]

    init() throws {
        let directory = try TemporaryDirectory()
        var random = DeterministicRandom(seed: 91)
        let long = String(repeating: "0123456789abcdef", count: 4)
        let contents: [String: [UInt8]] = [
            "STATEMENT": random.bytes(300),
            "README.txt": random.bytes(2048),
            "blobs/sha256/\(long)": random.bytes(100_000),
            "blobs/sha256/\(long.dropLast())g": random.bytes(2049),
            "sig/\(long).ed25519": random.bytes(64),
            "a.b.c": random.bytes(1),
            "a_b.c": random.bytes(2),
        ]
        for (path, bytes) in contents {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            try directory.makeDirectory("root/" + folder)
            try directory.write(bytes, to: "root/" + path)
        }
        self.directory = directory
        self.contents = contents
    }

    /// An image as our code lays it out, of the contents in the order of their names, in a folder of it.
    func write(_ name: String, folder: String = "", extra: [String: [UInt8]] = [:]) throws -> String {
        let files = contents.merging(extra) { $1 }.sorted { $0.key < $1.key }
        let prefix = folder.isEmpty ? "" : folder + "/"
        let layout = DiscLayout(
            files: files.map { DiscLayout.File(path: prefix + $0.key, size: Int64($0.value.count)) }, label: "SCENE",
            seconds: 1_000_000_000)
        var bytes = layout.head
        for (_, content) in files {
            bytes += content
            bytes += [UInt8](repeating: 0, count: Int(DiscLayout.room(Int64(content.count))) - content.count)
        }
        bytes += [UInt8](repeating: 0, count: Int(layout.size) - bytes.count)
        return try directory.write(bytes, to: name)
    }

    /// An image of the folder, by xorriso as mkisofs.
    func mkisofs(_ name: String, _ arguments: [String]) async throws -> String {
        let path = directory.path(name)
        try await Command(
            "xorriso", ["-as", "mkisofs", "-quiet", "-o", path] + arguments + [directory.path("root")]
        ).check()
        return path
    }

    /// Everything that an image has in a folder.
    func read(_ path: String, folder: String = "") throws -> [String: [UInt8]] {
        guard let (image, _) = try ReadableFile.open(through: path) else { return [:] }
        let opened = try DiscFolder(image, folder: folder)
        var found: [String: [UInt8]] = [:]
        for entry in try opened.entries(limit: 1000) where entry.kind == .file {
            found[entry.path] = try opened.readFile(entry.path, limit: 1 << 20)
        }
        return found
    }

    /// The same image with other bytes at some places.
    func changed(_ path: String, _ change: (inout [UInt8]) throws -> Void) throws -> String {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try change(&bytes)
        return try directory.write(bytes, to: "changed.iso")
    }
}

extension [UInt8] {
    /// Where the record of a directory starts in which a name stands, by Rock Ridge or by Joliet.
    func record(of name: String, isJoliet: Bool = false) -> Int? {
        let wanted =
            isJoliet
            ? name.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
            : Array("NM".utf8) + [UInt8(5 + name.utf8.count), 1, 0] + Array(name.utf8)
        guard let found = firstRange(of: wanted)?.lowerBound else { return nil }
        if isJoliet { return found - 33 }
        // Records have even places in a sector and their length before them.
        var record = found / 2048 * 2048
        while record + Int(self[record]) <= found { record += Int(self[record]) }
        return record
    }

    /// Writes a number in both orders of its bytes.
    mutating func set32(_ value: Int, at position: Int) {
        for byte in 0..<4 {
            self[position + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
            self[position + 7 - byte] = self[position + byte]
        }
    }

    func number32(at position: Int) -> Int { (0..<4).reversed().reduce(0) { $0 << 8 | Int(self[position + $1]) } }
}
