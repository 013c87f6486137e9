public import BundleFormat
import Dispatch
import Foundation
import Synchronization

/// The bytes of a layer's blob or of a part of it, made on a thread of their own while somebody takes them.
///
/// The last piece comes only when it is known to be right: `LayerReader.readBlob` says how.
/// Memory: a megabyte, and what the encoder takes.
public struct BlobStream: AsyncSequence, Sendable {
    private let layer: BundleLayer
    private let part: Range<Int64>
    private let reader: LayerReader

    /// How large pieces are, but for the last one.
    static let pieceSize = 512 << 10

    /// The blob of a layer, or a part of it; nothing is done before it is iterated, and everything each time.
    public init(layer: BundleLayer, part: Range<Int64>? = nil, reader: LayerReader) {
        self.layer = layer
        self.part = part ?? 0..<layer.size
        self.reader = reader
    }

    /// Starts to make the blob.
    public func makeAsyncIterator() -> Iterator { Iterator(layer, part, reader) }

    /// Gives the pieces; whoever drops it ends what makes them.
    public struct Iterator: AsyncIteratorProtocol {
        private let pipe: Pipe

        fileprivate init(_ layer: BundleLayer, _ part: Range<Int64>, _ reader: LayerReader) {
            let shared = SharedPipe()
            pipe = Pipe(shared)
            // Making a blob blocks, on its taker too; a thread of the shared pool would be lost to all others meanwhile.
            Thread.detachNewThread { shared.produce(layer, part, reader) }
        }

        /// The next piece; nil when nothing is left.
        ///
        /// - Throws: As `LayerReader.readBlob`; `CancellationError`.
        public mutating func next() async throws -> [UInt8]? { try await pipe.shared.take() }
    }

    /// Ends the thread when nobody takes any more.
    private final class Pipe: Sendable {
        let shared: SharedPipe

        init(_ shared: SharedPipe) { self.shared = shared }

        deinit { shared.stop() }
    }
}

/// A few pieces between a thread that makes them and a task that takes them.
private final class SharedPipe: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        var end: Result<Void, any Error>?
        var taker: CheckedContinuation<[UInt8]?, any Error>?
        var isStopped = false
    }

    private let state = Mutex(State())
    // Starts at zero, since one that ends below its start is an error to the library.
    private let room = DispatchSemaphore(value: 0)

    init() { for _ in 0..<2 { room.signal() } }

    func produce(_ layer: BundleLayer, _ part: Range<Int64>, _ reader: LayerReader) {
        var piece: [UInt8] = []
        let result = Result {
            try unsafe reader.readBlob(layer, part: part) { bytes in
                var rest = unsafe bytes[...]
                while unsafe !rest.isEmpty {
                    // A full piece is handed over when more follows, so that the last one waits for the proof.
                    if piece.count == BlobStream.pieceSize {
                        try give(piece)
                        piece.removeAll(keepingCapacity: true)
                    }
                    let part = unsafe rest.prefix(BlobStream.pieceSize - piece.count)
                    unsafe piece += part
                    unsafe rest = unsafe rest.dropFirst(part.count)
                }
            }
            if !piece.isEmpty { try give(piece) }
        }
        let taker = state.withLock { state in
            state.end = result
            defer { if state.pieces.isEmpty { state.taker = nil } }
            return state.pieces.isEmpty ? state.taker : nil
        }
        taker?.resume(with: result.map { nil })
    }

    private func give(_ piece: [UInt8]) throws {
        room.wait()
        let (taker, isStopped) = state.withLock { state in
            defer { state.taker = nil }
            if state.taker == nil { state.pieces.append(piece) }
            return (state.taker, state.isStopped)
        }
        if let taker {
            room.signal()
            taker.resume(returning: piece)
        }
        if isStopped { throw CancellationError() }
    }

    func take() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<[UInt8]?, any Error>? = state.withLock { state in
                    if state.isStopped { return .failure(CancellationError()) }
                    if !state.pieces.isEmpty { return .success(state.pieces.removeFirst()) }
                    if let end = state.end { return end.map { nil } }
                    state.taker = continuation
                    return nil
                }
                guard let answer else { return }
                if case .success(.some) = answer { room.signal() }
                continuation.resume(with: answer)
            }
        } onCancel: {
            stop()
        }
    }

    func stop() {
        let taker = state.withLock { state in
            state.isStopped = true
            defer { state.taker = nil }
            return state.taker
        }
        room.signal()
        taker?.resume(throwing: CancellationError())
    }
}
