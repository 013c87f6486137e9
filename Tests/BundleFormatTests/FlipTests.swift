import BundleFormat
import Cryptography
import OCI
import TestSupport
import Testing

/// Every byte of the small files, and thousands of bits of the packs.
@Suite struct FlipTests {
    /// A bundle with a copy for each worker, damaged and mended in place.
    private struct Copies {
        let bundle: BundleFixture
        let manifest: BundleManifest
        let index: FrameIndex
        let paths: [String]

        init() async throws {
            bundle = try await BundleFixture.everything()
            let files = try BundleFiles(path: bundle.path)
            manifest = try files.manifest(bundle.statement)
            index = try files.index(manifest)
            paths = [bundle.home.path("copy-0"), bundle.home.path("copy-1")]
            for path in paths { try BundleTree.copy(bundle.path, to: path) }
        }

        func size(_ file: String) throws -> Int { try BundleTree.read(bundle.path + "/" + file).count }

        func forEach(_ numbers: [Int], _ body: @escaping @Sendable (Int, String) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (worker, copy) in paths.enumerated() {
                    group.addTask {
                        for position in stride(from: worker, to: numbers.count, by: 2) {
                            try await body(numbers[position], copy)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Flips byte n of all these files at once, for every n, and demands that each changed file is named.
    private static func flipEveryByte(
        of files: [String], in copies: Copies, depth: Verifier.Depth, step: Int = 1
    ) async throws {
        let sizes = try files.map { try copies.size($0) }
        let bundle = copies.bundle
        let numbers = Array(stride(from: 0, to: try #require(sizes.max()), by: step))
        try await copies.forEach(numbers) { number, copy in
            let mask = UInt8(1) << UInt8(number % 8)
            let changed = zip(files, sizes).filter { number < $0.1 }.map(\.0)
            for file in changed { try BundleTree.flip(copy + "/" + file, at: number, mask: mask) }
            let named = Set(try await bundle.verify(copy, depth).faults.compactMap(\.path))
            #expect(named == Set(changed), "byte \(number)")
            for file in changed { try BundleTree.flip(copy + "/" + file, at: number, mask: mask) }
        }
        for copy in copies.paths { #expect(try await bundle.verify(copy, .full).isComplete) }
    }

    @Test func everyByteOfTheStatementAndOfSignaturesMatters() async throws {
        let copies = try await Copies()
        let bundle = copies.bundle
        for file in try BundleTree.files(in: bundle.path) where file == "STATEMENT" || file.hasPrefix("sig/") {
            try await copies.forEach(Array(0..<(try copies.size(file)))) { number, copy in
                for bit in [number % 8, (number + 5) % 8] {
                    try BundleTree.flip(copy + "/" + file, at: number, mask: UInt8(1) << UInt8(bit))
                    await #expect(throws: BundleError(.notTrusted, "")) { try await bundle.verify(copy) }
                    try BundleTree.flip(copy + "/" + file, at: number, mask: UInt8(1) << UInt8(bit))
                }
            }
        }
    }

    @Test(arguments: [(Verifier.Depth.quick, 1), (.full, 29)])
    func everyByteOfTheManifestAndOfTheReadmeMatters(_ depth: Verifier.Depth, _ step: Int) async throws {
        let files = ["manifest.json", "README.txt"]
        try await Self.flipEveryByte(of: files, in: try await Copies(), depth: depth, step: step)
    }

    @Test(arguments: [(Verifier.Depth.quick, 1), (.full, 29)])
    func everyByteOfTheSumsOfDocumentsAndOfTheIndexMatters(_ depth: Verifier.Depth, _ step: Int) async throws {
        let copies = try await Copies()
        let digests = copies.manifest.documents.map(\.digest) + [copies.manifest.index.digest]
        try await Self.flipEveryByte(
            of: ["SHA256SUMS"] + digests.map(BundleLayout.blobPath), in: copies, depth: depth, step: step)
    }

    /// Which layers and images need a frame, from what the fixture was made of.
    private static func needs(_ copies: Copies) throws -> [(layers: Set<Digest>, images: Set<String>)] {
        var images: [Digest: Set<String>] = [:]
        for image in copies.bundle.draft.images {
            for digest in image.manifests {
                let bytes = try #require(copies.bundle.draft.documents[digest]).bytes
                guard case .manifest(let manifest) = try ImageDocument(parsing: bytes, mediaType: .ociManifest) else {
                    continue
                }
                for layer in manifest.layers { images[layer.digest, default: []].insert(image.reference) }
            }
        }
        var needs = [(layers: Set<Digest>, images: Set<String>)](repeating: ([], []), count: copies.index.frames.count)
        for stream in copies.index.streams {
            for run in try copies.index.runs(of: stream) {
                needs[Int(run.frame)].layers.insert(stream.digest)
                needs[Int(run.frame)].images.formUnion(images[stream.digest, default: []])
            }
        }
        return needs
    }

    /// One bit of each pack at a time: the first and last bytes of every frame, then random ones.
    @Test(arguments: [(Verifier.Depth.quick, 600), (.full, 100)])
    func everyBitOfAPackMatters(_ depth: Verifier.Depth, _ rounds: Int) async throws {
        let copies = try await Copies()
        let needs = try Self.needs(copies)
        let bundle = copies.bundle
        let (manifest, index) = (copies.manifest, copies.index)
        var random = DeterministicRandom(seed: 5)
        var offsets: [[Int]] = []
        for (number, pack) in manifest.packs.enumerated() {
            let frames = index.frames.filter { $0.pack == number }
            let edges = frames.flatMap { [Int($0.offset), Int($0.offset) + $0.compressedSize - 1] }
            offsets.append(
                edges + (edges.count..<rounds).map { _ in Int.random(in: 0..<Int(pack.size), using: &random) })
        }
        let chosen = offsets
        try await copies.forEach(Array(0..<rounds)) { round, copy in
            let mask = UInt8(1) << UInt8(round % 8)
            func flip() throws {
                for (number, pack) in manifest.packs.enumerated() {
                    let path = copy + "/" + BundleLayout.blobPath(pack.digest)
                    try BundleTree.flip(path, at: chosen[number][round], mask: mask)
                }
            }
            try flip()
            let faults = try await bundle.verify(copy, depth).faults
            for (number, pack) in manifest.packs.enumerated() {
                let offset = chosen[number][round]
                let frame = try #require(index.frames.lastIndex { $0.pack == number && $0.offset <= offset })
                let own = faults.filter { $0.pack == number }
                #expect(own.allSatisfy { $0.path == BundleLayout.blobPath(pack.digest) })
                let fault = try #require(own.first)
                #expect(own.map(\.kind) == [.frame])
                #expect(fault.frame == frame)
                #expect(Set(fault.layers) == needs[frame].layers)
                #expect(Set(fault.images) == needs[frame].images)
            }
            #expect(faults.count == manifest.packs.count)
            try flip()
        }
    }

    @Test(arguments: [Verifier.Depth.quick, .full])
    func everyBadFrameOfManyIsNamed(_ depth: Verifier.Depth) async throws {
        let copies = try await Copies()
        for frame in copies.index.frames {
            let path = BundleLayout.blobPath(copies.manifest.packs[frame.pack].digest)
            try BundleTree.flip(copies.bundle.path + "/" + path, at: Int(frame.offset) + frame.compressedSize / 2)
        }
        for jobs in [1, 3] {
            let faults = try await copies.bundle.verify(nil, depth, jobs: jobs).faults.filter { $0.kind == .frame }
            #expect(faults.compactMap(\.frame) == Array(copies.index.frames.indices))
        }
    }

    /// A pack that is gone takes with it exactly what needs it.
    @Test(arguments: [Verifier.Depth.quick, .full])
    func aLostPackNamesWhatNeedsIt(_ depth: Verifier.Depth) async throws {
        let copies = try await Copies()
        let needs = try Self.needs(copies)
        for (number, pack) in copies.manifest.packs.enumerated() {
            let path = BundleLayout.blobPath(pack.digest)
            let kept = try BundleTree.read(copies.bundle.path + "/" + path)
            let frames = copies.index.frames.indices.filter { copies.index.frames[$0].pack == number }
            for cut in [nil, 0, kept.count - 1] {
                if let cut {
                    try BundleTree.write(Array(kept[..<cut]), to: copies.bundle.path + "/" + path)
                } else {
                    try BundleTree.remove(copies.bundle.path + "/" + path)
                }
                let report = try await copies.bundle.verify(nil, depth)
                #expect(report.elsewhere.isEmpty)
                #expect(Set(report.faults.compactMap(\.path)) == [path])
                #expect(report.faults.map(\.kind).contains(cut == nil ? .missing : .size))
                let images = report.faults.reduce(into: Set<String>()) { $0.formUnion($1.images) }
                let layers = report.faults.reduce(into: Set<Digest>()) { $0.formUnion($1.layers) }
                #expect(images == frames.reduce(into: Set<String>()) { $0.formUnion(needs[$1].images) })
                #expect(layers == frames.reduce(into: Set<Digest>()) { $0.formUnion(needs[$1].layers) })
            }
            try BundleTree.write(kept, to: copies.bundle.path + "/" + path)
        }
        #expect(try await copies.bundle.verify(nil, depth).isComplete)
    }

    @Test func aDamagedDocumentNamesItsImages() async throws {
        let copies = try await Copies()
        let draft = copies.bundle.draft
        for image in draft.images {
            let path = BundleLayout.blobPath(image.root)
            try BundleTree.flip(copies.bundle.path + "/" + path, at: 3)
            let report = try await copies.bundle.verify()
            let fault = try #require(report.faults.first { $0.path == path })
            #expect(fault.kind == .digest)
            #expect(fault.images == [image.reference])
            try BundleTree.flip(copies.bundle.path + "/" + path, at: 3)
        }
    }
}
