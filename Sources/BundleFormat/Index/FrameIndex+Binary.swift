import OCI

extension FrameIndex {
    private static let magic = Array("OCIBIDX1".utf8)
    private static let headerSize = 20
    private static let frameSize = 44
    private static let streamSize = 48

    /// The bytes of the index.
    public func bytes() -> [UInt8] {
        var output = Self.magic
        output.append(little: UInt32((frames.last?.pack ?? -1) + 1))
        output.append(little: UInt32(frames.count))
        output.append(little: UInt32(streams.count))
        for frame in frames {
            output.append(little: UInt32(frame.pack))
            output.append(little: UInt32(frame.compressedSize))
            output.append(little: UInt32(frame.size) | UInt32(frame.filter.rawValue) << 24)
            output.append(contentsOf: frame.digest.bytes)
        }
        for stream in streams {
            output.append(contentsOf: stream.digest.bytes)
            output.append(little: UInt64(stream.size))
            output.append(little: UInt32(stream.runCount))
            output.append(little: UInt32(stream.recipe.count))
        }
        for stream in streams { output.append(contentsOf: stream.recipe) }
        return output
    }

    /// Parses an index and checks it against the packs; every count is compared with the bytes before memory is taken.
    ///
    /// - Parameters:
    ///   - bytes: The index, already compared with its digest.
    ///   - packs: The packs of the manifest.
    /// - Throws: `BundleError` with code `damaged`, or `unsupported` for another magic.
    public init(parsing bytes: [UInt8], packs: [BundlePack]) throws(BundleError) {
        func malformed(_ what: String) -> BundleError { BundleError(.damaged, "reading the index: \(what)") }
        guard bytes.starts(with: Self.magic) else {
            throw BundleError(
                .unsupported, "reading the index: its magic is not known; use a newer version of this tool")
        }
        guard bytes.count >= Self.headerSize else { throw malformed("its header is cut off") }
        var reader = LittleEndianReader(bytes: bytes, position: Self.magic.count)
        let packCount = Int(reader.uint32())
        let frameCount = Int(reader.uint32())
        let streamCount = Int(reader.uint32())
        let tables = Int64(frameCount) * Int64(Self.frameSize) + Int64(streamCount) * Int64(Self.streamSize)
        guard packCount == packs.count, tables <= Int64(bytes.count - Self.headerSize) else {
            throw malformed("its counts do not fit its size or the manifest")
        }

        var frames: [Frame] = []
        frames.reserveCapacity(frameCount)
        var pack = -1
        var offset: Int64 = 0
        for _ in 0..<frameCount {
            let number = Int(reader.uint32())
            let compressedSize = Int(reader.uint32())
            let sizeAndFilter = reader.uint32()
            let size = Int(sizeAndFilter & 0xFF_FFFF)
            let digest = reader.digest()
            if number != pack {
                guard number == pack + 1, number < packCount, pack < 0 || offset == packs[pack].size else {
                    throw malformed("frames that do not fill their packs in order")
                }
                pack = number
                offset = 0
            }
            guard 1...BundleLayout.maximumFrameSize ~= size,
                1...(size + BundleLayout.maximumFrameOverhead) ~= compressedSize,
                offset + Int64(compressedSize) <= packs[pack].size
            else { throw malformed("a frame of impossible size") }
            guard let filter = FrameFilter(rawValue: UInt8(sizeAndFilter >> 24)) else {
                throw BundleError(
                    .unsupported,
                    "reading the index: a frame has a filter that is not known; use a newer version of this tool")
            }
            frames.append(
                Frame(
                    pack: pack, offset: offset, compressedSize: compressedSize, size: size, filter: filter,
                    digest: digest))
            offset += Int64(compressedSize)
        }
        guard pack == packCount - 1, pack < 0 || offset == packs[pack].size else {
            throw malformed("frames that do not fill their packs")
        }

        var streams: [Stream] = []
        streams.reserveCapacity(streamCount)
        var recipeStart = Self.headerSize + Int(tables)
        for _ in 0..<streamCount {
            let digest = reader.digest()
            let size = reader.uint64()
            let runCount = Int(reader.uint32())
            let recipeSize = Int(reader.uint32())
            guard recipeSize <= bytes.count - recipeStart, runCount <= recipeSize / 3,
                size <= UInt64(Descriptor.maximumSize),
                streams.last.map({ $0.digest < digest }) ?? true
            else { throw malformed("a stream of impossible size, or out of order") }
            let recipe = Array(bytes[recipeStart..<recipeStart + recipeSize])
            streams.append(Stream(digest: digest, size: Int64(size), runCount: runCount, recipe: recipe))
            recipeStart += recipeSize
        }
        guard recipeStart == bytes.count else { throw malformed("bytes after its end") }
        self.frames = frames
        self.streams = streams
        for stream in streams { _ = try runs(of: stream) }
    }
}

private struct LittleEndianReader {
    let bytes: [UInt8]
    var position: Int

    mutating func uint32() -> UInt32 {
        defer { position += 4 }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << UInt32(8 * $1) }
    }

    mutating func uint64() -> UInt64 {
        let low = UInt64(uint32())
        return low | UInt64(uint32()) << 32
    }

    mutating func digest() -> Digest {
        defer { position += Digest.byteCount }
        return Digest(bytes: bytes[position..<position + Digest.byteCount])
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
