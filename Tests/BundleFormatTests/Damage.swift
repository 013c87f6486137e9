import BundleFormat
import Glibc

/// One way to damage a copy of a bundle.
struct Damage: Sendable, CustomStringConvertible {
    let description: String
    /// The paths that must be named by faults, when the bundle is still trusted.
    let paths: [String]
    let apply: @Sendable (_ bundle: String) throws -> Void

    init(_ description: String, _ paths: [String], _ apply: @escaping @Sendable (String) throws -> Void) {
        self.description = description
        self.paths = paths
        self.apply = apply
    }

    /// What must come of damage to these files, by docs/format.md section 10: 3 not trusted, 4 damaged.
    static func verdict(_ bundle: String, _ paths: [String]) -> Int32 {
        let statement = bundle + "/STATEMENT"
        guard BundleTree.isFile(statement), ((try? BundleTree.read(statement).count) ?? 0) <= 1024 else { return 4 }
        return paths.contains { $0 == "STATEMENT" || $0.hasPrefix("sig/") } ? 3 : 4
    }

    /// What can happen to one file, without knowledge of its contents.
    static func damages(of file: String, size: Int) -> [Damage] {
        let at: @Sendable (String) -> String = { bundle in bundle + "/" + file }
        var damages = [
            Damage("delete \(file)", [file]) { try BundleTree.remove(at($0)) },
            Damage("empty \(file)", [file]) { try BundleTree.write([], to: at($0)) },
            Damage("replace \(file) by a folder", [file]) {
                try BundleTree.remove(at($0))
                try BundleTree.makeDirectory(at($0))
            },
            Damage("replace \(file) by a pipe", [file]) {
                try BundleTree.remove(at($0))
                try BundleTree.makePipe(at($0))
            },
            Damage("replace \(file) by a link to an identical copy outside", [file]) {
                try BundleTree.write(try BundleTree.read(at($0)), to: $0 + ".outside")
                try BundleTree.remove(at($0))
                try BundleTree.link(at($0), to: $0 + ".outside")
            },
            Damage("replace \(file) by a link to nothing", [file]) {
                try BundleTree.remove(at($0))
                try BundleTree.link(at($0), to: "nothing")
            },
            Damage("replace \(file) by a link to itself", [file]) {
                try BundleTree.remove(at($0))
                try BundleTree.link(at($0), to: "./" + (file.split(separator: "/").last ?? ""))
            },
            Damage("replace \(file) by a link to an endless device", [file]) {
                try BundleTree.remove(at($0))
                try BundleTree.link(at($0), to: "/dev/zero")
            },
            Damage("rename \(file)", [file, file + ".x"]) { try BundleTree.move(at($0), to: at($0) + ".x") },
            Damage("move \(file) to the top as a hidden file", [file, ".hidden"]) {
                try BundleTree.move(at($0), to: $0 + "/.hidden")
            },
            Damage("zeros in \(file)", [file]) { try BundleTree.write([UInt8](repeating: 0, count: size), to: at($0)) },
        ]
        for length in Set([1, size / 2, size - 1]) where 1..<size ~= length {
            damages.append(
                Damage("cut \(file) to \(length)", [file]) {
                    try BundleTree.write(Array(try BundleTree.read(at($0)).prefix(length)), to: at($0))
                })
        }
        for tail in [[0x0A], [0], [UInt8](repeating: 0x20, count: 2000)] {
            damages.append(
                Damage("extend \(file) by \(tail.count) of \(tail[0])", [file]) {
                    try BundleTree.write(try BundleTree.read(at($0)) + tail, to: at($0))
                })
        }
        return damages
    }

    /// One file under the name of another, and the other way round.
    static func swap(_ one: String, _ other: String) -> Damage {
        Damage("swap \(one) with \(other)", [one, other]) {
            try BundleTree.move($0 + "/" + one, to: $0 + "/swap")
            try BundleTree.move($0 + "/" + other, to: $0 + "/" + one)
            try BundleTree.move($0 + "/swap", to: $0 + "/" + other)
        }
    }

    /// Whatever can be added: files, folders, links and pipes under many names, in every folder.
    static func additions() -> [Damage] {
        let long = String(repeating: "a", count: 64)
        let names: [(String, [UInt8], [String])] = [
            ("plain", Array("extra".utf8), ["", "sig/", "blobs/", "blobs/sha256/"]),
            ("hidden", Array(".hidden".utf8), ["", "sig/", "blobs/", "blobs/sha256/"]),
            ("temporary", Array(".tmp-1".utf8), ["", "blobs/sha256/"]), ("statement", Array("statement".utf8), [""]),
            ("a space after", Array("STATEMENT ".utf8), [""]), ("line feed", Array("manifest.json\n".utf8), [""]),
            ("line feed inside", Array("a\nSTATEMENT".utf8), ["", "sig/"]), ("case", Array("readme.txt".utf8), [""]),
            ("zero width", Array("README.txt\u{200B}".utf8), [""]), ("Cyrillic", Array("SHА256SUMS".utf8), [""]),
            ("not UTF-8", [0xFF, 0xFE], ["", "sig/", "blobs/sha256/"]),
            ("backslash", Array("blobs\\sha256".utf8), [""]),
            ("colon", Array("a:b".utf8), [""]), ("255 bytes", [UInt8](repeating: 0x61, count: 255), [""]),
            ("a digest", Array(long.utf8), ["", "sig/", "blobs/", "blobs/sha256/"]), ("glob", Array("*".utf8), [""]),
            ("a digest in upper case", Array(String(repeating: "A", count: 64).utf8), ["blobs/sha256/"]),
            ("a signature", Array("\(long).ed25519".utf8), ["", "blobs/sha256/"]),
            ("another algorithm", Array("\(long).ed448".utf8), ["sig/"]),
            ("no algorithm", Array("\(long).".utf8), ["sig/"]),
            ("two algorithms", Array("\(long).ed25519.ed25519".utf8), ["sig/"]),
            ("a short id", Array("\(long.dropLast()).ed25519".utf8), ["sig/"]),
            ("a long id", Array("\(long)a.ed25519".utf8), ["sig/"]),
            ("an id in upper case", Array("\(String(repeating: "A", count: 64)).ed25519".utf8), ["sig/"]),
            ("a hyphen", Array("-n".utf8), ["", "sig/"]),
        ]
        return names.flatMap { name, bytes, folders in
            folders.flatMap { folder in
                [
                    Damage("add a file: \(name) in '\(folder)'", []) { try add(bytes, in: $0 + "/" + folder, S_IFREG) },
                    Damage("add a folder: \(name) in '\(folder)'", []) {
                        try add(bytes, in: $0 + "/" + folder, S_IFDIR)
                    },
                    Damage("add a link: \(name) in '\(folder)'", []) { try add(bytes, in: $0 + "/" + folder, S_IFLNK) },
                    Damage("add a pipe: \(name) in '\(folder)'", []) { try add(bytes, in: $0 + "/" + folder, S_IFIFO) },
                ]
            }
        } + [
            Damage("a folder for a signature", []) {
                try add(Array("\(long).ed25519".utf8), in: $0 + "/sig/", S_IFDIR)
            },
            Damage("a link for a signature", []) { try add(Array("\(long).ed25519".utf8), in: $0 + "/sig/", S_IFLNK) },
            Damage("a pipe for a signature", []) { try add(Array("\(long).ed25519".utf8), in: $0 + "/sig/", S_IFIFO) },
            Damage("blobs is a link", ["blobs"]) {
                try BundleTree.move($0 + "/blobs", to: $0 + ".blobs")
                try BundleTree.link($0 + "/blobs", to: $0 + ".blobs")
            },
            Damage("blobs/sha256 is a link", ["blobs/sha256"]) {
                try BundleTree.move($0 + "/blobs/sha256", to: $0 + ".blobs")
                try BundleTree.link($0 + "/blobs/sha256", to: $0 + ".blobs")
            },
            Damage("sig is a link", ["sig/"]) {
                try BundleTree.move($0 + "/sig", to: $0 + ".sig")
                try BundleTree.link($0 + "/sig", to: $0 + ".sig")
            },
            Damage("no sig", ["sig/"]) { try BundleTree.remove($0 + "/sig") },
            Damage("no blobs", []) { try BundleTree.remove($0 + "/blobs") },
        ]
    }

    private static func add(_ name: [UInt8], in folder: String, _ kind: mode_t) throws {
        try BundleTree.make(Array(folder.utf8) + name, kind)
    }
}
