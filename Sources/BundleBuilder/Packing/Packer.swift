import BundleFormat
import Console
import Cryptography
import DurableFiles
import Foundation
import OCI

/// Turns streams into frames: cut on one core, compressed on all of them, written in order.
struct Packer: Sendable {
    let cache: BuildCache
    let plan: PackPlan
    let jobs: Int
    let progress: WorkListener

    /// Packs all streams of the plan.
    ///
    /// - Parameter writer: Gets the frames, in an order that depends on the plan only.
    /// - Returns: The streams with their recipes.
    /// - Throws: `BuildError` with code `files`, `noSpace` or `source`.
    func pack(into writer: inout BundleWriter) async throws(BuildError) -> [FrameIndex.Stream] {
        let key = plan.key
        if let record = cache.layout(key).flatMap(LayoutRecord.init(parsing:)), holdsAllStreams(record),
            try await copy(record, into: &writer)
        {
            return record.index.streams
        }
        return try await cut(into: &writer, key: key)
    }

    private func holdsAllStreams(_ record: LayoutRecord) -> Bool {
        record.index.streams.map(\.digest) == plan.streams.map(\.digest).sorted()
    }

    /// Copies the frames of an earlier build; false, with nothing written, when one is missing.
    ///
    /// - Throws: `BuildError`, with `CacheDamage` as its cause when a frame is damaged: what was written is of no use then.
    private func copy(_ record: LayoutRecord, into writer: inout BundleWriter) async throws(BuildError) -> Bool {
        let frames = record.index.frames
        guard zip(frames, record.keys).allSatisfy({ cache.frameSize($1) == Int64($0.compressedSize) }) else {
            return false
        }
        progress.phase("copy frames", frames.reduce(0) { $0 + Int64($1.compressedSize) })
        for (frame, key) in zip(frames, record.keys) {
            guard let (bytes, digest) = cache.frame(key), digest == frame.digest else { try cache.reject(frame: key) }
            try write(bytes, digest, frame.size, frame.filter, into: &writer)
            progress.advance(Int64(bytes.count))
        }
        return true
    }

    private func write(
        _ bytes: [UInt8], _ digest: Digest, _ size: Int, _ filter: FrameFilter, into writer: inout BundleWriter
    ) throws(BuildError) {
        do throws(BundleError) { try writer.add(frame: bytes, digest: digest, size: size, filter: filter) } catch {
            throw BuildError(error, doing: "writing a pack")
        }
    }

    private func cut(into writer: inout BundleWriter, key: Digest) async throws(BuildError) -> [FrameIndex.Stream] {
        progress.phase("pack", plan.streams.reduce(0) { $0 + $1.size })
        var cutter = StreamCutter()
        var queue = CompressionQueue(width: min(jobs, Self.maximumWidth))
        var index: [FrameIndex.Frame] = []
        var keys: [Digest] = []
        do {
            return try await withThrowingTaskGroup(of: CompressionQueue.Done.self) { group in
                for stream in plan.streams {
                    var source = try StreamSource(stream, cache: cache)
                    while let chunk = try source.next() {
                        unsafe chunk.withUnsafeBytes { bytes in
                            if stream.isTar {
                                unsafe cutter.append(tar: bytes)
                            } else {
                                unsafe cutter.append(opaque: bytes)
                            }
                        }
                        for frame in cutter.takeFullFrames() {
                            start(frame, &queue, &group)
                            while queue.isFull, let done = try await group.next() {
                                queue.finish(done)
                                try write(queue.takeReady(), &index, &keys, into: &writer)
                            }
                        }
                        progress.advance(Int64(chunk.count))
                        try Task.checkCancellation()
                    }
                    try source.finish()
                    cutter.endStream(digest: stream.digest, size: stream.size)
                }
                cutter.closeAll()
                for frame in cutter.takeFullFrames() { start(frame, &queue, &group) }
                for try await done in group { queue.finish(done) }
                try write(queue.takeReady(), &index, &keys, into: &writer)
                let streams = cutter.recipes()
                try cache.store(
                    layout: LayoutRecord(index: FrameIndex(frames: index, streams: streams), keys: keys).bytes(), key)
                return streams
            }
        } catch {
            throw BuildError(error, doing: "packing layers")
        }
    }

    /// A frame at level 19 takes about 100 MiB to compress, and waits with others: more cores than this need more memory
    /// than the machine can spare.
    private static let maximumWidth = max(1, Int(ProcessInfo.processInfo.physicalMemory >> 28))

    private func start(
        _ frame: FrameFiller.FullFrame, _ queue: inout CompressionQueue,
        _ group: inout ThrowingTaskGroup<CompressionQueue.Done, any Error>
    ) {
        let level = plan.level(for: frame.kind)
        let compressor = FrameCompressor(cache: cache)
        let number = queue.start()
        group.addTask { (number, try compressor.compress(frame.content, level: level)) }
    }

    private func write(
        _ frames: [FrameCompressor.CompressedFrame], _ index: inout [FrameIndex.Frame], _ keys: inout [Digest],
        into writer: inout BundleWriter
    ) throws(BuildError) {
        for frame in frames {
            try write(frame.bytes, frame.digest, frame.size, frame.filter, into: &writer)
            index.append(
                FrameIndex.Frame(
                    pack: 0, offset: 0, compressedSize: frame.bytes.count, size: frame.size, filter: frame.filter,
                    digest: frame.digest))
            keys.append(frame.key)
        }
    }
}
