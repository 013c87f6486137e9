import BundleFormat
import Cryptography
import OCI
import TestSupport
import Testing

/// The auditor's script against the verifier: the same verdict on whatever happens to a bundle.
@Suite(.enabled(if: Toolbox.has("openssl", "sha256sum", "awk", "find"))) struct AuditTests {
    /// A good bundle, its keys as files, and the script as it stands in every bundle.
    private struct Bench {
        let bundle: BundleFixture
        let script: String
        let keys: [String]

        init(_ bundle: BundleFixture) throws {
            self.bundle = bundle
            script = try bundle.home.write(AuditText.script, to: "audit.sh")
            var keys: [String] = []
            for key in bundle.keys {
                keys.append(try bundle.home.write(key.publicKey.pem, to: "\(key.publicKey.id.hex.prefix(8)).pub"))
            }
            self.keys = keys
        }

        /// The exit status of the script.
        func audit(_ copy: String? = nil, threshold: String? = nil, keys: [String]? = nil) async throws -> Int32 {
            let result = try await Command(
                "/bin/sh", [script, copy ?? bundle.path] + (keys ?? self.keys),
                environment: ["THRESHOLD": threshold ?? "\(bundle.keys.count)"], timeout: .seconds(300)
            ).run()
            guard case .exited(let status) = result.status else { return -1 }
            return status
        }

        /// Damages copies on two workers and compares the verdicts.
        func compare(_ damages: [Damage]) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<2 {
                    group.addTask {
                        for number in stride(from: worker, to: damages.count, by: 2) {
                            let home = try TemporaryDirectory()
                            let copy = home.path("copy")
                            try BundleTree.copy(bundle.path, to: copy)
                            try damages[number].apply(copy)
                            let verdict = try await bundle.verdict(copy)
                            #expect(verdict == Damage.verdict(copy, damages[number].paths), "\(damages[number])")
                            #expect(try await audit(copy) == verdict, "\(damages[number])")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func theScriptIsInTheDocumentsAndAtTheEndOfEveryReadme() async throws {
        let bundle = try await BundleFixture.tiny()
        let readme = String(decoding: try BundleTree.read(bundle.path + "/README.txt"), as: UTF8.self)
        #expect(readme == AuditText.readme)
        #expect(readme.hasSuffix("\n" + AuditText.script))
        #expect(AuditText.script.hasPrefix("#!/bin/sh\n"))
        // The documents stand beside the tests in the package.
        let document = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/audit.sh"
        #expect(String(decoding: try BundleTree.read(document), as: UTF8.self) == AuditText.script)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func aGoodBundlePasses(_ algorithm: SignatureAlgorithm) async throws {
        let bench = try Bench(try await BundleFixture.tiny(algorithm))
        #expect(try await bench.audit() == 0)
        let path = bench.bundle.path + "/sig/" + bench.bundle.keys[0].publicKey.signatureFileName
        try BundleTree.flip(path, at: 40)
        #expect(try await bench.audit() == 3)
        try BundleTree.flip(path, at: 40)
        let other = try bench.bundle.home.write(try PrivateKey.generate(algorithm).publicKey.pem, to: "other.pub")
        #expect(try await bench.audit(keys: [other]) == 3)
        #expect(try await bench.audit(keys: [other] + bench.keys) == 0)
        #expect(try await bench.audit(threshold: "2", keys: [other] + bench.keys) == 3)
    }

    @Test func aBundleWithEverythingPasses() async throws {
        let bench = try Bench(try await BundleFixture.everything())
        #expect(try await bench.audit() == 0)
    }

    /// What the verifier refuses as trust, the script refuses as well.
    @Test func trustMeansTheSame() async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        let home = bench.bundle.home
        for threshold in ["0", "2", "-1", "x", "1x", "99999999999999999999"] {
            #expect(try await bench.audit(threshold: threshold) == 3, "\(threshold)")
        }
        // A key that is given twice counts once.
        #expect(try await bench.audit(threshold: "2", keys: bench.keys + bench.keys) == 3)
        let garbage = try home.write("garbage", to: "garbage.pub")
        let secret = try home.write(bench.bundle.keys[0].pem, to: "secret.pub")
        for key in [garbage, secret, home.path("absent.pub")] {
            #expect(try await bench.audit(keys: [key]) == 3)
            #expect(try await bench.audit(keys: bench.keys + [key]) == 3)
        }
        let weak = home.path("weak.key")
        try await Command(
            "openssl", ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", weak]
        )
        .check()
        try await Command("openssl", ["pkey", "-in", weak, "-pubout", "-out", weak + ".pub"]).check()
        #expect(throws: BundleError(.notTrusted, "")) { try TrustPolicy.load(paths: [weak + ".pub"]) }
        #expect(try await bench.audit(keys: bench.keys + [weak + ".pub"]) == 3)
        #expect(try await Command("/bin/sh", [bench.script, bench.bundle.path]).run().status == .exited(64))
        #expect(try await bench.audit(home.path("absent")) == 4)
    }

    @Test func theVerdictOnHurtFilesIsTheSame() async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        var damages: [Damage] = []
        for file in try BundleTree.files(in: bench.bundle.path) {
            let size = try BundleTree.read(bench.bundle.path + "/" + file).count
            damages += Damage.damages(of: file, size: size)
        }
        try await bench.compare(damages)
    }

    /// Sums that nobody signed must not lead the script anywhere.
    @Test func sumsThatNobodySignedAreNotUsed() async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        let line = String(repeating: "0", count: 64) + "  /dev/zero\n"
        let pipe = bench.bundle.home.path("pipe")
        try BundleTree.makePipe(pipe)
        try await bench.compare([
            Damage("endless", ["SHA256SUMS"]) { try BundleTree.write(Array(line.utf8), to: $0 + "/SHA256SUMS") },
            Damage("waiting", ["SHA256SUMS"]) {
                try BundleTree.write(Array(line.replacing("/dev/zero", with: pipe).utf8), to: $0 + "/SHA256SUMS")
            },
        ])
    }

    @Test func theVerdictOnAdditionsIsTheSame() async throws {
        try await Bench(try await BundleFixture.tiny()).compare(Damage.additions())
    }

    @Test func theVerdictOnFlippedBitsAndSwappedFilesIsTheSame() async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        let files = try BundleTree.files(in: bench.bundle.path)
        var random = DeterministicRandom(seed: 6)
        var damages: [Damage] = []
        for (position, file) in files.enumerated() {
            let size = try BundleTree.read(bench.bundle.path + "/" + file).count
            for _ in 0..<8 {
                let offset = Int.random(in: 0..<size, using: &random)
                let mask = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                damages.append(
                    Damage("flip \(mask) of \(file) at \(offset)", [file]) {
                        try BundleTree.flip($0 + "/" + file, at: offset, mask: mask)
                    })
            }
            for other in files[(position + 1)...] {
                damages.append(Damage.swap(file, other))
            }
        }
        try await bench.compare(damages)
    }

    /// Signed by hand, so that only the text is wrong.
    @Test(arguments: [
        TextChange("an unknown line", "created:", "more: 1\ncreated:"),
        TextChange("nothing", "SHA256SUMS:", "SHA256SUMS:"),
        TextChange("a version with a zero", "version: 7", "version: 07"),
        TextChange("a carriage return", "demo\n", "demo\r\n"),
        TextChange("no time", "created: 2024", "created: x024"), TextChange("two spaces", "product: ", "product:  "),
        TextChange("a space at an end", "demo\n", "demo \n"),
        TextChange("lines swapped", "product: demo\nchannel: stable", "channel: stable\nproduct: demo"),
        TextChange("a bad min-version", "manifest.json:", "min-version: x\nmanifest.json:"),
        TextChange("a bad not-after", "manifest.json:", "not-after: never\nmanifest.json:"),
        TextChange("an empty line", "channel:", "\nchannel:"), TextChange("a tab", "channel: ", "channel:\t"),
        TextChange("min-version twice", "manifest.json:", "min-version: 1\nmin-version: 1\nmanifest.json:"),
        TextChange("another version", "statement v1", "statement v2"),
        TextChange("a name of 65", "demo", String(repeating: "d", count: 65)),
        TextChange("not ASCII", "demo", "dem\u{F6}"), TextChange("version 0", "version: 7", "version: 0"),
        TextChange("13 digits", "version: 7", "version: 1234567890123"),
        TextChange("a size with a zero", "manifest.json: ", "manifest.json: 0"),
        TextChange("no channel", "channel: stable\n", ""),
        TextChange("no created", "created: 2024-01-02T03:04:05Z\n", ""),
        TextChange(
            "optional lines swapped", "manifest.json:",
            "not-after: 2034-01-01T00:00:00Z\nmin-version: 3\nmanifest.json:"),
    ])
    func theVerdictOnAWrongStatementIsTheSame(_ change: TextChange) async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        let text = String(decoding: try BundleTree.read(bench.bundle.path + "/STATEMENT"), as: UTF8.self)
        try bench.bundle.sign(text.replacing(change.old, with: change.new, maxReplacements: 1))
        let isGood = change.old == change.new
        #expect(try await bench.bundle.verdict() == (isGood ? 0 : 4))
        #expect(try await bench.audit() == (isGood ? 0 : 4))
    }

    @Test func optionalLinesOfTheStatementAreKnown() async throws {
        let bench = try Bench(try await BundleFixture.tiny())
        let text = String(decoding: try BundleTree.read(bench.bundle.path + "/STATEMENT"), as: UTF8.self)
        for lines in [
            "min-version: 3\n", "not-after: 2034-01-01T00:00:00Z\n",
            "min-version: 3\nnot-after: 2034-01-01T00:00:00Z\n",
        ] {
            try bench.bundle.sign(text.replacing("manifest.json:", with: lines + "manifest.json:"))
            #expect(try await bench.bundle.verdict() == 0)
            #expect(try await bench.audit() == 0)
        }
    }
}
