/// An index written by hand from docs/format.md section 7, so that each of its numbers can be wrong.
struct IndexBytes: Sendable {
    struct Frame: Sendable {
        var pack: UInt32
        var compressedSize: UInt32
        var size: UInt32
        var filter: UInt8 = 0
        var digest: UInt8
    }
    struct Stream: Sendable {
        var digest: UInt8
        var size: UInt64
        var runCount: UInt32
        var recipe: [UInt8]
        var recipeSize: UInt32?
    }

    var magic = "OCIBIDX1"
    var packCount: UInt32 = 2
    var frameCount: UInt32?
    var streamCount: UInt32?
    var frames = [
        Frame(pack: 0, compressedSize: 60, size: 1000, digest: 0xF0),
        Frame(pack: 0, compressedSize: 40, size: 500, filter: 1, digest: 0xF1),
        Frame(pack: 1, compressedSize: 50, size: 700, digest: 0xF2),
    ]
    var streams = [
        // Nothing.
        Stream(digest: 0x00, size: 0, runCount: 0, recipe: []),
        // All of frame 0, all of frame 1.
        Stream(digest: 0x11, size: 1500, runCount: 2, recipe: [0, 0, 0xE8, 0x07, 2, 0, 0xF4, 0x03]),
        // Frame 2 at 100 for 10; frame 0 at 5 for 20; frame 2 at 50 for 5, which is 60 before the end of its last run.
        Stream(digest: 0x22, size: 35, runCount: 3, recipe: [4, 0xC8, 0x01, 10, 3, 10, 20, 4, 119, 5]),
    ]
    var tail: [UInt8] = []

    var bytes: [UInt8] {
        var output = Array(magic.utf8)
        func put(_ value: UInt64, _ count: Int) {
            for position in 0..<count { output.append(UInt8(value >> (8 * UInt64(position)) & 0xFF)) }
        }
        put(UInt64(packCount), 4)
        put(UInt64(frameCount ?? UInt32(frames.count)), 4)
        put(UInt64(streamCount ?? UInt32(streams.count)), 4)
        for frame in frames {
            put(UInt64(frame.pack), 4)
            put(UInt64(frame.compressedSize), 4)
            put(UInt64(frame.size), 3)
            put(UInt64(frame.filter), 1)
            output += [UInt8](repeating: frame.digest, count: 32)
        }
        for stream in streams {
            output += [UInt8](repeating: stream.digest, count: 32)
            put(stream.size, 8)
            put(UInt64(stream.runCount), 4)
            put(UInt64(stream.recipeSize ?? UInt32(stream.recipe.count)), 4)
        }
        return output + streams.flatMap(\.recipe) + tail
    }
}
