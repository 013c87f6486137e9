/// The numbers of a recipe.
///
/// Spec: docs/format.md section 7, runs.
enum RecipeCoder {
    static func encode(_ runs: [FrameIndex.Run]) -> [UInt8] {
        var output: [UInt8] = []
        var position = Position()
        for run in runs {
            append(zigzag(Int64(run.frame) - position.frame), to: &output)
            append(zigzag(Int64(run.offset) - position.end(in: run.frame)), to: &output)
            append(UInt64(run.length), to: &output)
            position.advance(over: run)
        }
        return output
    }

    static func decode(
        _ stream: FrameIndex.Stream, frames: [FrameIndex.Frame]
    ) throws(BundleError) -> [FrameIndex.Run] {
        func malformed(_ what: String) -> BundleError {
            BundleError(.damaged, "reading the recipe of stream \(stream.digest): \(what)")
        }
        var reader = Reader(bytes: stream.recipe)
        var runs: [FrameIndex.Run] = []
        runs.reserveCapacity(stream.runCount)
        var position = Position()
        var total: Int64 = 0
        for _ in 0..<stream.runCount {
            guard let frameDelta = reader.next(), let offsetDelta = reader.next(), let length = reader.next() else {
                throw malformed("a number is cut off or not in its shortest form")
            }
            let (frame, frameOverflow) = position.frame.addingReportingOverflow(signed(frameDelta))
            guard !frameOverflow, frames.indices.contains(Int(frame)) else {
                throw malformed("a frame that does not exist")
            }
            let (offset, offsetOverflow) = position.end(in: UInt32(frame)).addingReportingOverflow(signed(offsetDelta))
            let size = Int64(frames[Int(frame)].size)
            guard !offsetOverflow, 0..<size ~= offset, length >= 1, length <= UInt64(size - offset) else {
                throw malformed("a run outside its frame")
            }
            let run = FrameIndex.Run(frame: UInt32(frame), offset: UInt32(offset), length: UInt32(length))
            if let last = runs.last, last.frame == run.frame, last.offset + last.length == run.offset {
                throw malformed("a run that continues the one before it")
            }
            position.advance(over: run)
            total += Int64(length)
            guard total <= stream.size else { throw malformed("runs that are longer than the stream") }
            runs.append(run)
        }
        guard reader.isAtEnd, total == stream.size else { throw malformed("runs that do not make up the stream") }
        return runs
    }

    /// What the deltas are relative to.
    private struct Position {
        var frame: Int64 = 0
        private var ends: [UInt32: Int64] = [:]

        func end(in frame: UInt32) -> Int64 { ends[frame] ?? 0 }

        mutating func advance(over run: FrameIndex.Run) {
            frame = Int64(run.frame)
            ends[run.frame] = Int64(run.offset) + Int64(run.length)
        }
    }

    /// Reads unsigned LEB128 in its shortest form.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func next() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = bytes[position]
                position += 1
                if shift == 63, byte > 1 { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return byte == 0 && shift > 0 ? nil : value }
            }
            return nil
        }
    }

    private static func append(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

    private static func signed(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(value & 1) }
}
