import Cryptography
import DurableFiles
import OCI
import Synchronization

/// Checks packs, frames and streams on several cores.
struct ContentCheck: Sendable {
    private let files: BundleFiles
    private let manifest: BundleManifest
    private let index: FrameIndex
    private let closure: ImageClosure
    private let elsewhere: Set<Int>
    private let unusablePacks: Set<Int>
    private let layersByStream: [Digest: [BundleLayer]]

    init(
        files: BundleFiles, manifest: BundleManifest, index: FrameIndex, closure: ImageClosure, fileSet: FileSetCheck
    ) {
        self.files = files
        self.manifest = manifest
        self.index = index
        self.closure = closure
        elsewhere = Set(fileSet.elsewhere.keys)
        unusablePacks = fileSet.unusablePacks
        layersByStream = manifest.layers.reduce(into: [:]) { known, layer in
            for stream in layer.streams { known[stream, default: []].append(layer) }
        }
    }

    /// The size of the packs that are here.
    var storedSize: Int64 {
        manifest.packs.indices.filter { !elsewhere.contains($0) && !unusablePacks.contains($0) }
            .reduce(0) { $0 + manifest.packs[$1].size }
    }

    /// One piece of work, small enough to share out.
    private enum Item: Sendable {
        case pack(Int)
        case frame(Int)
        /// A stream, with one group of the layers on it.
        case stream(Int, group: Int)
    }

    /// So many blobs are made of a stream at a time: each takes an encoder's memory.
    private static let groupSize = 4

    /// The layers on a stream, those that are made of it in groups.
    private func groups(of stream: FrameIndex.Stream) -> [[BundleLayer]] {
        // Corrections are checked with the tar that they belong to.
        let layers = (layersByStream[stream.digest] ?? []).filter { $0.stream == stream.digest }
        let kept = layers.filter { $0.stream == $0.digest }
        let made = layers.filter { $0.stream != $0.digest }
        let groups = stride(from: 0, to: made.count, by: Self.groupSize).map { start in
            Array(made[start..<min(start + Self.groupSize, made.count)])
        }
        guard let first = groups.first else { return [kept] }
        return [kept + first] + groups.dropFirst()
    }

    /// What the workers share.
    private final class Findings: Sendable {
        let next = Atomic<Int>(0)
        let badFrames = Mutex<[Int: BundleError]>([:])
        let badPacks = Mutex<[Int: String]>([:])
        let faults = Mutex<[Fault]>([])
    }

    func run(
        depth: Verifier.Depth, jobs: Int, progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async -> [Fault] {
        var faults = streamsAgainstLayers()
        let items = plan(depth)
        let total = items.reduce(0) { $0 + size(of: $1) }
        let reader = FrameReader(files: files, manifest: manifest, index: index)
        let findings = Findings()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, jobs) {
                group.addTask {
                    do throws(BundleError) {
                        var decoder = try FrameDecoder()
                        while case let position = findings.next.add(1, ordering: .relaxed).oldValue,
                            position < items.count
                        {
                            let faults = check(items[position], reader, &decoder, findings)
                            findings.faults.withLock { $0 += faults }
                            progress(size(of: items[position]), total)
                        }
                    } catch {
                        findings.faults.withLock { $0.append(Fault(.content, error.message)) }
                    }
                }
            }
        }
        faults += findings.faults.withLock { $0 }.sorted { $0.message < $1.message }
        let badFrames = findings.badFrames.withLock { $0 }
        faults += frameFaults(badFrames)
        // A byte that is wrong in a frame is wrong in its pack too: that is one fault.
        let packsOfBadFrames = Set(badFrames.filter { $0.value.code == .damaged }.map { index.frames[$0.key].pack })
        faults += packFaults(.digest, findings.badPacks.withLock { $0.filter { !packsOfBadFrames.contains($0.key) } })
        // The file itself was reported with the set of files.
        let unusable = unusablePacks.map { ($0, "none of its frames can be read") }
        faults += packFaults(.frame, Dictionary(uniqueKeysWithValues: unusable))
        return faults
    }

    private func plan(_ depth: Verifier.Depth) -> [Item] {
        let isHere = index.frames.map { !elsewhere.contains($0.pack) && !unusablePacks.contains($0.pack) }
        guard depth == .full else { return isHere.indices.filter { isHere[$0] }.map(Item.frame) }
        let packs = manifest.packs.indices.filter { !elsewhere.contains($0) && !unusablePacks.contains($0) }
        var isUsed = [Bool](repeating: false, count: index.frames.count)
        var streams: [(first: UInt32, number: Int)] = []
        for (number, stream) in index.streams.enumerated() {
            // The recipes were checked when the index was parsed.
            let runs = (try? index.runs(of: stream)) ?? []
            guard (runs + corrections(for: stream)).allSatisfy({ isHere[Int($0.frame)] }) else { continue }
            for run in runs { isUsed[Int(run.frame)] = true }
            streams.append((runs.first?.frame ?? 0, number))
        }
        // In the order of the packs, so that neighbours share the frames that were read last.
        streams.sort { ($0.first, $0.number) < ($1.first, $1.number) }
        let streamItems = streams.flatMap { stream in
            groups(of: index.streams[stream.number]).indices.map { Item.stream(stream.number, group: $0) }
        }
        return packs.map(Item.pack) + streamItems
            + isUsed.indices.filter { !isUsed[$0] && isHere[$0] }.map(Item.frame)
    }

    /// Where the corrections lie with which blobs are made of a stream.
    private func corrections(for stream: FrameIndex.Stream) -> [FrameIndex.Run] {
        let layers = (layersByStream[stream.digest] ?? []).filter { $0.stream == stream.digest }
        return layers.flatMap { $0.streams.dropFirst() }.compactMap { index.position(of: $0) }
            .flatMap { (try? index.runs(of: index.streams[$0])) ?? [] }
    }

    private func size(of item: Item) -> Int64 {
        switch item {
        case .pack(let number): manifest.packs[number].size
        case .frame(let number): Int64(index.frames[number].compressedSize)
        case .stream(let number, _): index.streams[number].size
        }
    }

    private func check(
        _ item: Item, _ reader: FrameReader, _ decoder: inout FrameDecoder, _ findings: Findings
    ) -> [Fault] {
        switch item {
        case .pack(let number):
            if let problem = checkPack(number) { findings.badPacks.withLock { $0[number] = problem } }
            return []
        case .frame(let number):
            do throws(BundleError) { try reader.authenticate(number, decoder: &decoder) } catch {
                findings.badFrames.withLock { $0[number] = error }
            }
            return []
        case .stream(let number, let group):
            return checkStream(index.streams[number], group, reader, &decoder, findings)
        }
    }

    /// What is wrong with the bytes of a pack; nil when all is well.
    private func checkPack(_ number: Int) -> String? {
        let digest = manifest.packs[number].digest
        do {
            let file = try files.folder.openFile(BundleLayout.blobPath(digest))
            var hasher = SHA256Hasher()
            try unsafe file.forEachChunk { chunk in unsafe hasher.update(chunk) }
            return hasher.finish() == digest ? nil : "its bytes are not those of its name"
        } catch {
            return "\(error)"
        }
    }

    private func checkStream(
        _ stream: FrameIndex.Stream, _ group: Int, _ reader: FrameReader, _ decoder: inout FrameDecoder,
        _ findings: Findings
    ) -> [Fault] {
        // The recipes were checked when the index was parsed.
        let runs = (try? index.runs(of: stream)) ?? []
        // A damaged frame is reported once, with all that needs it; the streams on it need not be tried.
        let isHopeless = findings.badFrames.withLock { bad in
            !bad.isEmpty && (runs + corrections(for: stream)).contains { bad[Int($0.frame)] != nil }
        }
        if isHopeless {
            checkFrames(of: runs, reader, &decoder, findings)
            return []
        }
        do {
            var check = try LayerCheck(layers: groups(of: stream)[group], frames: reader)
            for run in runs {
                let content: [UInt8]
                do throws(BundleError) { content = try reader.content(Int(run.frame), decoder: &decoder) } catch {
                    findings.badFrames.withLock { $0[Int(run.frame)] = error }
                    checkFrames(of: runs, reader, &decoder, findings)
                    return []
                }
                unsafe content.withUnsafeBytes { bytes in
                    let piece = unsafe UnsafeRawBufferPointer(
                        rebasing: bytes[Int(run.offset)..<Int(run.offset + run.length)])
                    unsafe check.update(piece)
                }
            }
            let found = check.finish(expecting: stream.digest)
            let corrections = corrections(for: stream)
            var hasBadCorrections = false
            if !corrections.isEmpty, found.contains(where: { $0.kind == .blob }) {
                checkFrames(of: corrections, reader, &decoder, findings)
                hasBadCorrections = findings.badFrames.withLock { bad in
                    corrections.contains { bad[Int($0.frame)] != nil }
                }
            }
            // A stream that comes out wrong is one fault, whatever is made of it; so is a frame of corrections.
            return found.filter { $0.kind == .stream ? group == 0 : !hasBadCorrections || $0.kind != .blob }
                .map { fault($0, for: stream) }
        } catch {
            checkFrames(of: runs, reader, &decoder, findings)
            return [fault(LayerCheck.Finding(kind: .diffID, message: "\(error)"), for: stream)]
        }
    }

    /// Checks the frames of a stream that cannot be made: perhaps no other stream needs them, and all faults count.
    private func checkFrames(
        of runs: [FrameIndex.Run], _ reader: FrameReader, _ decoder: inout FrameDecoder, _ findings: Findings
    ) {
        for number in Set(runs.map { Int($0.frame) }).sorted()
        where findings.badFrames.withLock({ $0[number] == nil }) {
            do throws(BundleError) { _ = try reader.content(number, decoder: &decoder) } catch {
                findings.badFrames.withLock { $0[number] = error }
            }
        }
    }

    private func fault(_ finding: LayerCheck.Finding, for stream: FrameIndex.Stream) -> Fault {
        let layers = finding.layers ?? (layersByStream[stream.digest] ?? []).map(\.digest)
        return Fault(
            finding.kind, layers: layers, images: images(of: layers),
            "stream \(stream.digest): \(finding.message); the bundle was built wrong")
    }

    private func images(of layers: some Sequence<Digest>) -> [String] {
        layers.reduce(into: Set<String>()) { $0.formUnion(closure.imagesByLayer[$1] ?? []) }.sorted()
    }

    /// Every layer needs its stream, of its size, and every stream a layer.
    private func streamsAgainstLayers() -> [Fault] {
        var faults: [Fault] = []
        for layer in manifest.layers {
            let position = index.position(of: layer.stream)
            let isWrong = position.map { layer.streamSize ?? index.streams[$0].size != index.streams[$0].size } ?? true
            if isWrong || layer.streams.contains(where: { index.position(of: $0) == nil }) {
                faults.append(
                    Fault(
                        .content, path: BundleLayout.blobPath(manifest.index.digest), layers: [layer.digest],
                        images: images(of: [layer.digest]), "has no stream of the right size for layer \(layer.digest)")
                )
            }
        }
        for stream in index.streams where layersByStream[stream.digest] == nil {
            faults.append(
                Fault(
                    .content, path: BundleLayout.blobPath(manifest.index.digest),
                    "has a stream \(stream.digest) that belongs to no layer"))
        }
        return faults
    }

    /// What depends on each bad frame.
    private func frameFaults(_ bad: [Int: BundleError]) -> [Fault] {
        guard !bad.isEmpty else { return [] }
        let layers = layersByFrame { bad[$0] != nil }
        return bad.sorted { $0.key < $1.key }.map { number, error in
            let frame = index.frames[number]
            let affected = layers[number, default: []].sorted()
            return Fault(
                .frame, path: BundleLayout.blobPath(manifest.packs[frame.pack].digest), pack: frame.pack, frame: number,
                layers: affected, images: images(of: affected), error.message)
        }
    }

    /// What depends on each of these packs.
    private func packFaults(_ kind: Fault.Kind, _ problems: [Int: String]) -> [Fault] {
        guard !problems.isEmpty else { return [] }
        let byFrame = layersByFrame { problems[index.frames[$0].pack] != nil }
        return problems.sorted { $0.key < $1.key }.map { pack, problem in
            let layers = byFrame.filter { index.frames[$0.key].pack == pack }.reduce(into: Set<Digest>()) {
                $0.formUnion($1.value)
            }
            return Fault(
                kind, path: BundleLayout.blobPath(manifest.packs[pack].digest), pack: pack, layers: layers.sorted(),
                images: images(of: layers), problem)
        }
    }

    private func layersByFrame(where isWanted: (Int) -> Bool) -> [Int: Set<Digest>] {
        var result: [Int: Set<Digest>] = [:]
        for stream in index.streams {
            for run in (try? index.runs(of: stream)) ?? [] where isWanted(Int(run.frame)) {
                result[Int(run.frame), default: []].formUnion((layersByStream[stream.digest] ?? []).map(\.digest))
            }
        }
        return result
    }
}
