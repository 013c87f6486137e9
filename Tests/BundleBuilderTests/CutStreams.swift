import BundleFormat
import Cryptography
import OCI

@testable import BundleBuilder

/// Streams that were cut, with the frames that hold them, as a packer would write them.
struct CutStreams {
    /// One stream to cut.
    struct Input {
        let bytes: [UInt8]
        let isTar: Bool

        static func tar(_ bytes: [UInt8]) -> Input { Input(bytes: bytes, isTar: true) }
        static func opaque(_ bytes: [UInt8]) -> Input { Input(bytes: bytes, isTar: false) }
    }

    /// The frames, in the order of the packs.
    let frames: [FrameFiller.FullFrame]
    /// The recipes, in the order of the streams.
    let recipes: [[FrameIndex.Run]]
    /// How many bytes of the streams the frames do not hold, as they hold them already.
    let duplicateBytes: Int

    /// Cuts streams, given in pieces of these sizes, over and over.
    init(_ inputs: [Input], pieces: [Int] = [1 << 20]) throws {
        var cutter = StreamCutter()
        var frames: [FrameFiller.FullFrame] = []
        for input in inputs {
            var position = 0
            var turn = 0
            input.bytes.withUnsafeBytes { all in
                while position < all.count {
                    let count = min(pieces[turn % pieces.count], all.count - position)
                    let piece = UnsafeRawBufferPointer(rebasing: all[position..<position + count])
                    if input.isTar { cutter.append(tar: piece) } else { cutter.append(opaque: piece) }
                    position += count
                    turn += 1
                    frames += cutter.takeFullFrames()
                }
            }
            cutter.endStream(digest: SHA256Hasher.digest(of: input.bytes), size: Int64(input.bytes.count))
        }
        cutter.closeAll()
        frames += cutter.takeFullFrames()
        self.frames = frames
        duplicateBytes = inputs.reduce(0) { $0 + $1.bytes.count } - frames.reduce(0) { $0 + $1.content.count }
        let table = frames.map { frame in
            FrameIndex.Frame(
                pack: 0, offset: 0, compressedSize: frame.content.count, size: frame.content.count,
                filter: .none, digest: SHA256Hasher.digest(of: frame.content))
        }
        let index = FrameIndex(frames: table, streams: [])
        recipes = try cutter.recipes().map { stream in try index.runs(of: stream) }
    }

    /// The streams, put together from their recipes.
    var rebuilt: [[UInt8]] {
        recipes.map { runs in
            var bytes: [UInt8] = []
            for run in runs {
                bytes += frames[Int(run.frame)].content[Int(run.offset)..<Int(run.offset + run.length)]
            }
            return bytes
        }
    }

    /// Whether other frames and recipes are the same.
    func isSame(as other: CutStreams) -> Bool {
        recipes == other.recipes && frames.map(\.kind) == other.frames.map(\.kind)
            && frames.map(\.content) == other.frames.map(\.content)
    }
}
