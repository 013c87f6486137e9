import BundleFormat
import OCI
import Tar

/// Cuts streams into segments and has frames filled with them.
///
/// Spec: docs/format.md section 8.
///
/// One thread; the order of the streams decides the bytes of the bundle.
struct StreamCutter: ~Copyable {
    private var scanner = TarScanner()
    private var cutter = ContentCutter()
    private var filler = FrameFiller()
    private var streams: [(digest: Digest, size: Int64, runs: [FrameIndex.Run])] = []

    /// Takes the next bytes of a tar.
    mutating func append(tar bytes: UnsafeRawBufferPointer) {
        let cut = Self.cut
        Self.withParts(&scanner, &cutter, &filler) { scanner, cutter, filler in
            unsafe scanner.scan(bytes) { event in cut(event, &cutter, &filler) }
        }
    }

    /// Takes the next bytes of a compressed blob.
    mutating func append(opaque bytes: UnsafeRawBufferPointer) { unsafe filler.store(bytes, .opaque) }

    /// Ends a stream of either kind.
    mutating func endStream(digest: Digest, size: Int64) {
        let cut = Self.cut
        Self.withParts(&scanner, &cutter, &filler) { scanner, cutter, filler in
            scanner.finish { event in cut(event, &cutter, &filler) }
        }
        streams.append((digest, size, filler.endStream()))
    }

    /// The frames that became full since the last call, in the order of the packs.
    mutating func takeFullFrames() -> [FrameFiller.FullFrame] { filler.takeFullFrames() }

    /// Closes the last frames; take them with `takeFullFrames`.
    mutating func closeAll() { filler.closeAll() }

    /// The streams with their recipes, once all frames are closed.
    func recipes() -> [FrameIndex.Stream] {
        streams.map { FrameIndex.Stream(digest: $0.digest, size: $0.size, runs: filler.final($0.runs)) }
    }

    /// Three parts of one value may be changed at a time only where each is named on its own.
    private static func withParts(
        _ scanner: inout TarScanner, _ cutter: inout ContentCutter, _ filler: inout FrameFiller,
        _ body: (inout TarScanner, inout ContentCutter, inout FrameFiller) -> Void
    ) {
        body(&scanner, &cutter, &filler)
    }

    private static func cut(_ event: TarScanner.Event, _ cutter: inout ContentCutter, _ filler: inout FrameFiller) {
        switch event {
        case .metadata(let bytes): unsafe filler.store(bytes, .metadata)
        case .file(let size): cutter.start(size: size)
        case .content(let bytes): unsafe cutter.append(bytes) { segment in filler.storeOnce(segment) }
        case .endOfContent: cutter.finish { segment in filler.storeOnce(segment) }
        }
    }
}
