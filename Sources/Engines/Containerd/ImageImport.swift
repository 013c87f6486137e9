import BundleFormat
import Programs

/// An image on its way into containerd: its layers first, then what names it, then it is unpacked.
///
/// What is sent is taken while an earlier import is still unpacking. Ended when nobody holds it any more.
struct ImageImport {
    let step: LoadStep
    private let ctr: Ctr
    private let archive: ImageArchive
    private let running: RunningProgram

    /// Starts the program that takes it.
    init(_ step: LoadStep, ctr: Ctr, snapshotter: String, progress: @escaping (Int64) -> Void) throws(EngineError) {
        self.step = step
        self.ctr = ctr
        archive = step.contentArchive
        do throws(EngineError) { running = try ctr.beginImport(snapshotter: snapshotter, progress: progress) } catch {
            throw error.about(step)
        }
    }

    /// Sends layers and documents, which nothing names yet.
    ///
    /// - Throws: `EngineError`; as `LayerReader.readBlob`.
    func sendContent(_ reader: LayerReader, jobs: Int) async throws {
        do {
            try await unsafe archive.writeContent(reader, jobs: jobs, send)
        } catch is EarlyEnd {
            // The end says why.
        }
    }

    /// Sends what names them, with which unpacking begins.
    func sendNames() throws {
        do { try unsafe archive.writeNames(send) } catch is EarlyEnd {
            // As above.
        }
        running.endInput()
    }

    /// Waits until it is unpacked.
    func finish() throws(EngineError) {
        do throws(EngineError) { try ctr.finishImport(running) } catch { throw error.about(step) }
    }

    private struct EarlyEnd: Error {}

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        do throws(ProgramError) {
            if try unsafe running.send(bytes) { return }
        } catch {
            throw Ctr.failedImport(error).about(step)
        }
        throw EarlyEnd()
    }
}
