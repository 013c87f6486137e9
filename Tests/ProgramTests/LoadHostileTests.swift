import Foundation
import TestSupport
import Testing

/// Bundles that somebody wants to be loaded and that must not be: nothing of them reaches docker, the floors or the markers.
@Suite(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("gcc", "openssl"))) struct LoadHostileTests {
    /// One of them: a copy of a good bundle, changed.
    struct Hostile: Sendable {
        let label: String
        let code: Int32
        /// Whether all sums and signatures are made right again, as by a signer who is deceived.
        let isSigned: Bool
        let change: @Sendable (_ bundle: Forgery) async throws -> Void

        init(
            _ label: String, _ code: Int32, isSigned: Bool = true,
            _ change: @escaping @Sendable (Forgery) async throws -> Void
        ) {
            self.label = label
            self.code = code
            self.isSigned = isSigned
            self.change = change
        }

        /// A text of manifest.json that is replaced wherever it stands.
        static func manifest(_ label: String, _ old: String, _ new: String) -> Hostile {
            Hostile(label, 4) { try await $0.replace(old, new, in: "manifest.json") }
        }
    }

    /// Who signed, and which halves belong together.
    private static let foreign = [
        Hostile("unsigned", 3, isSigned: false) { try await $0.shell("rm sig/*") },
        Hostile("without a folder for signatures", 3, isSigned: false) { try await $0.shell("rm -r sig") },
        Hostile("signed by another key", 3, isSigned: false) { try await $0.sign("other") },
        Hostile("another key's signature under the name of the trusted one", 3, isSigned: false) {
            try await $0.sign("other", under: "release")
        },
        Hostile("an empty signature", 3, isSigned: false) { try await $0.shell("truncate -s 0 sig/*") },
        Hostile("another product, signed by nobody", 3, isSigned: false) {
            try await $0.replace("product: test", "product: other", in: "STATEMENT")
        },
        Hostile("the statement of another version", 3, isSigned: false) {
            try await $0.shell("cp ../newer/STATEMENT .")
        },
        Hostile("statement and signature of another version", 4, isSigned: false) {
            try await $0.shell("cp ../newer/STATEMENT . && cp ../newer/sig/* sig/")
        },
        Hostile("the manifest of another version", 4, isSigned: false) {
            try await $0.shell("cp ../newer/manifest.json ../newer/SHA256SUMS .")
        },
        Hostile("all of another version but the packs", 4, isSigned: false) {
            // The largest blob is the pack.
            try await $0.shell("rm -r * && cp -r ../newer/* . && rm blobs/sha256/$(ls -S blobs/sha256 | head -n 1)")
        },
        Hostile("no statement", 4, isSigned: false) { try await $0.shell("rm STATEMENT") },
        Hostile("no manifest", 4, isSigned: false) { try await $0.shell("rm manifest.json") },
        Hostile("a statement that is a device", 4, isSigned: false) {
            try await $0.shell("ln -sf /dev/zero STATEMENT")
        },
        Hostile("a manifest that is a pipe", 4, isSigned: false) {
            try await $0.shell("rm manifest.json && mkfifo manifest.json")
        },
        Hostile("a statement without end", 4, isSigned: false) { try await $0.shell("truncate -s 1G STATEMENT") },
    ]

    private static let name = "docker.io/local/image-0:1"

    private static let names: [Hostile] = [
        ("climbs", "docker.io/local/../../etc/passwd:1"), ("is absolute", "/etc/passwd:1"), ("is empty", ""),
        ("ends in NUL", "docker.io/local/a:1\\u0000"), ("has an escape", "docker.io/local/\\u001b[2Ja:1"),
        ("has a line feed", "docker.io/local/a:1\\nready: all"), ("turns the text", "docker.io/local/\u{202E}a:1"),
        ("is turned by an escape", "docker.io/local/\\u202ea:1"), ("is upper case", "docker.io/Local/A:1"),
        ("is Cyrillic", "docker.io/l\u{043E}cal/a:1"), ("has a blank", "docker.io/local/a b:1"),
        ("is an option", "--privileged"), ("asks", "docker.io/local/a:1?force=1"),
        ("is no UTF-16", "docker.io/local/\\ud800:1"),
        ("is endless", "docker.io/" + String(repeating: "a/", count: 5000) + "a:1"),
        ("has an endless tag", "docker.io/local/a:" + String(repeating: "1", count: 129)),
    ].map { .manifest("a name that " + $0, #""\#(name)""#, #""\#($1)""#) }

    private static let references: [Hostile] = [
        ("an escape", "a\\u001b[2J"), ("a turn", "a\u{202E}b"), ("a line feed", "a\\nb"), ("NUL", "a\\u0000"),
    ].map { .manifest("a reference with " + $0, "oci-layout:./layout@0", $1) }

    private static let counts: [Hostile] = [
        .manifest("a priority beyond all", #""priority":100"#, #""priority":99999999999999999999999"#),
        .manifest("a priority below zero", #""priority":100"#, #""priority":-1"#),
        .manifest("a fraction", #""priority":100"#, #""priority":1e2"#),
        .manifest("another product", #""product":"test""#, #""product":"other""#),
        .manifest("a later format", #""format":1"#, #""format":2"#),
        .manifest("a repeated member", #""format":1"#, #""format":1,"format":1"#),
        .manifest("a digest that climbs", "\"sha256:", "\"sha256:../../"),
        .manifest("depth", #""groups":[]"#, #""groups":"# + String(repeating: "[", count: 200_000)),
        Hostile("sizes beyond 64 bits", 4) {
            try await $0.shell(#"sed -i -E 's/"size":[0-9]+/"size":99999999999999999999/g' manifest.json"#)
        },
        Hostile("sizes at the end of 64 bits", 4) {
            try await $0.shell(#"sed -i -E 's/"size":[0-9]+/"size":9223372036854775807/g' manifest.json"#)
        },
        Hostile("negative sizes", 4) { try await $0.shell(#"sed -i -E 's/"size":[0-9]+/"size":-1/g' manifest.json"#) },
        Hostile("a manifest of many millions of brackets", 4) {
            try await $0.shell("head -c 60000000 /dev/zero | tr '\\0' '[' > manifest.json")
        },
        Hostile("an empty manifest", 4) { try await $0.shell(": > manifest.json") },
        Hostile("a manifest that is none", 4) { try await $0.shell("head -c 3000 /dev/urandom > manifest.json") },
        Hostile("an index with as many packs as can be said", 4) { try await $0.changeIndex { $0.fill(8, .max) } },
        Hostile("an index with as many frames as can be said", 4) { try await $0.changeIndex { $0.fill(12, .max) } },
        Hostile("an index with as many streams as can be said", 4) { try await $0.changeIndex { $0.fill(16, .max) } },
        Hostile("a frame of 4 GiB", 4) { try await $0.changeIndex { $0.fill(28, .max) } },
        Hostile("an index that is cut off", 4) { try await $0.changeIndex { $0.removeLast(3) } },
        Hostile("an index of zeros", 4) { try await $0.changeIndex { $0 = [UInt8](repeating: 0, count: 100_000) } },
    ]

    /// Frames that are authentic: they are met when the first image is being sent, and docker keeps nothing of that.
    private static let bombs = [
        Hostile("a frame that grows without end", 4) { try await $0.replaceFirstFrame { Forgery.bomb(size: $0) } },
        Hostile("a frame that is shorter than said", 4) { bundle in
            try await bundle.replaceFirstFrame { Forgery.bomb(size: $0, blocks: 1) }
        },
        Hostile("a frame that is none", 4) { try await $0.replaceFirstFrame { _ in Array("no frame".utf8) } },
    ]

    @Test(.timeLimit(.minutes(10))) func `hostile bundles are refused before anything is written`() async throws {
        let scene = try await LoadScene(size: 200_000)
        try await scene.build(version: 2, output: "newer")
        _ = try await scene.program.succeed(
            "keygen", "--output", scene.program.directory.path("keys"), "--name", "other")
        let docker = try await DockerDaemon()
        for hostile in Self.foreign + Self.names + Self.references + Self.counts + Self.bombs {
            let forgery = Forgery(directory: scene.program.directory)
            try await forgery.copy()
            try await hostile.change(forgery)
            if hostile.isSigned { try await forgery.sumAndSign() }
            let result = try await scene.firstBoot(docker.socket, bundle: "forged").run()
            #expect(result.status == .exited(hostile.code), "\(hostile.label): \(result.errorText)")
            Self.expectPrintable(result, hostile.label)
            try await Self.expectUntouched(scene, docker, hostile.label)
        }
        // What they were made from is good, and so is the way they were signed.
        let forgery = Forgery(directory: scene.program.directory)
        try await forgery.copy()
        try await forgery.sumAndSign()
        let result = try await scene.firstBoot(docker.socket, bundle: "forged").run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        // The same once more, and then an older one.
        try await scene.firstBoot(docker.socket, bundle: "newer").check()
        let before = try scene.program.directory.read("state/floors/test/stable")
        let replayed = try await scene.firstBoot(docker.socket, bundle: "bundle").run()
        #expect(replayed.status == .exited(3), "\(replayed.errorText)")
        #expect(try scene.program.directory.read("state/floors/test/stable") == before)
    }

    private static func expectPrintable(_ result: CommandResult, _ label: String) {
        let bad = result.errorText.unicodeScalars.filter { scalar in
            scalar != "\n" && (scalar.value < 0x20 || scalar.value == 0x7F || scalar.properties.isBidiControl)
        }
        #expect(bad.isEmpty, "\(label): \(bad)")
        let sentences = result.errorText.split(separator: "\n").filter { $0.hasPrefix("bundle-firstboot: ") }
        #expect(sentences.count == 1 && result.errorText.utf8.count < 4000, "\(label): \(result.errorText.prefix(500))")
    }

    private static func expectUntouched(_ scene: LoadScene, _ docker: DockerDaemon, _ label: String) async throws {
        #expect(try await docker.docker("images", "--all", "--quiet").isEmpty, "\(label)")
        let layers = docker.dataRoot + "/image/overlay2/layerdb/sha256"
        #expect((try? FileManager.default.contentsOfDirectory(atPath: layers)) ?? [] == [], "\(label)")
        let ready = try FileManager.default.contentsOfDirectory(atPath: scene.program.directory.path("ready"))
        #expect(Set(ready).subtracting([".begun", ".ended"]).isEmpty, "\(label)")
        #expect(!scene.program.exists("state/floors"), "\(label)")
    }
}

/// A copy of the good bundle, to be made bad.
struct Forgery: Sendable {
    let directory: TemporaryDirectory
    private var path: String { directory.path("forged") }

    /// Begins anew.
    func copy() async throws {
        try await Command("sh", ["-c", "rm -rf forged && cp -r bundle forged"], workingDirectory: directory.path)
            .check()
    }

    func shell(_ line: String) async throws {
        try await Command("sh", ["-ec", line], workingDirectory: path).check()
    }

    func replace(_ old: String, _ new: String, in file: String) async throws {
        let text = String(decoding: try directory.read("forged/" + file), as: UTF8.self)
        try #require(text.contains(old))
        try directory.write(text.replacingOccurrences(of: old, with: new), to: "forged/" + file)
    }

    /// Signs what STATEMENT says now, by another means than the product's own.
    func sign(_ key: String, under name: String? = nil) async throws {
        try await shell(
            """
            id() { openssl pkey -pubin -in ../keys/$1.pub -outform DER | sha256sum | cut -c1-64; }
            rm -f sig/*
            openssl pkeyutl -sign -rawin -inkey ../keys/\(key).key -in STATEMENT -out sig/$(id \(name ?? key)).ed25519
            """)
    }

    /// Makes all sums right, and the trusted signature.
    func sumAndSign() async throws {
        try await shell(
            """
            find . -type f ! -name STATEMENT ! -name SHA256SUMS ! -path './sig/*' | sed 's,^./,,' | LC_ALL=C sort |
                xargs sha256sum > SHA256SUMS
            for file in manifest.json SHA256SUMS; do
                sed -i "s/^$file: .*/$file: $(sha256sum $file | cut -c1-64) $(stat -c %s $file)/" STATEMENT
            done
            """)
        try await sign("release")
    }

    /// Changes the index, and gives it the name of its new digest.
    func changeIndex(_ change: (inout [UInt8]) throws -> Void) async throws {
        let manifest = String(decoding: try directory.read("forged/manifest.json"), as: UTF8.self)
        let old = try #require(manifest.firstMatch(of: /"index":\{"digest":"sha256:([0-9a-f]{64})","size":([0-9]+)\}/))
        var bytes = try directory.read("forged/blobs/sha256/" + old.1)
        try change(&bytes)
        let digest = try await store(bytes, insteadOf: String(old.1))
        try await replace(
            String(old.0), #""index":{"digest":"sha256:\#(digest)","size":\#(bytes.count)}"#, in: "manifest.json")
    }

    /// Puts another frame in the place of the first, in its pack and in the index.
    func replaceFirstFrame(_ make: (_ size: Int) -> [UInt8]) async throws {
        let manifest = String(decoding: try directory.read("forged/manifest.json"), as: UTF8.self)
        let old = try #require(
            manifest.firstMatch(of: /"packs":\[\{"digest":"sha256:([0-9a-f]{64})","size":([0-9]+)\}/))
        let pack = try directory.read("forged/blobs/sha256/" + old.1)
        let index = try #require(manifest.firstMatch(of: /"index":\{"digest":"sha256:([0-9a-f]{64})"/))
        let table = try directory.read("forged/blobs/sha256/" + index.1)
        let frame = make(table.number(28))
        let bytes = frame + pack.dropFirst(table.number(24))
        let digest = try await store(bytes, insteadOf: String(old.1))
        let frameDigest = try await Self.digest(frame)
        try await changeIndex { index in
            index.fill(24, UInt32(frame.count))
            for (position, byte) in frameDigest.enumerated() { index[32 + position] = byte }
        }
        try await replace(
            String(old.0), #""packs":[{"digest":"sha256:\#(digest)","size":\#(bytes.count)}"#, in: "manifest.json")
    }

    /// A frame (RFC 8878) that says this size, and whose blocks are 128 KiB of one byte each.
    static func bomb(size: Int, blocks: Int = 80) -> [UInt8] {
        var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0] + (0..<4).map { UInt8(size >> ($0 * 8) & 0xFF) }
        for number in 1...blocks {
            let header = (128 << 13) | 2 | (number == blocks ? 1 : 0)
            bytes += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16 & 0xFF), 0x61]
        }
        return bytes
    }

    private func store(_ bytes: [UInt8], insteadOf old: String) async throws -> String {
        let digest = try await Self.digest(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try FileManager.default.removeItem(atPath: path + "/blobs/sha256/" + old)
        try directory.write(bytes, to: "forged/blobs/sha256/" + digest)
        return digest
    }

    private static func digest(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await Command("openssl", ["dgst", "-sha256", "-binary"], input: bytes).check().output
    }
}

extension [UInt8] {
    /// Writes a little-endian number.
    fileprivate mutating func fill(_ offset: Int, _ number: UInt32) {
        for position in 0..<4 { self[offset + position] = UInt8(number >> (position * 8) & 0xFF) }
    }

    /// Reads one.
    fileprivate func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(self[offset + $1]) << ($1 * 8) } }
}
