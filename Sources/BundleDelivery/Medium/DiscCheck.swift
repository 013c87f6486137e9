import BundleFormat
import Cryptography
import Discs
import DurableFiles
import OCI

/// Reads a written image once, from its start to its end, and compares it with what was put into it.
///
/// Spec: docs/medium.md section 2.1.
struct DiscCheck {
    private let volume: DiscVolume
    private let contents: DiscContents

    init(_ volume: DiscVolume, contents: DiscContents) {
        self.volume = volume
        self.contents = contents
    }

    private func wrong(_ what: String) -> DeliveryError {
        DeliveryError(
            .damaged, "checking the written image: \(what); write it again, on another disk if it happens again")
    }

    /// Checks names, places and bytes.
    ///
    /// - Returns: The checksum of the medium; nil where this machine cannot compute it.
    /// - Throws: `DeliveryError` with code `damaged`, or `FileError`.
    func run(advance: (Int64) -> Void) throws -> DiscChecksum.Text? {
        let places = try findPlaces().sorted { $0.place.offset < $1.place.offset }
        volume.file.expectSequentialReading()
        var checksum = DiscChecksum(volume)
        var hasher = SHA256Hasher()
        var current = 0
        var position: Int64 = 0
        try unsafe volume.file.forEachChunk { chunk in
            unsafe checksum?.update(chunk)
            let end = position + Int64(chunk.count)
            while current < places.count {
                let (path, place, digest) = places[current]
                let from = max(place.offset, position)
                let to = min(place.end, end)
                if from < to {
                    unsafe hasher.update(
                        UnsafeRawBufferPointer(rebasing: chunk[Int(from - position)..<Int(to - position)]))
                }
                guard place.end <= end else { break }
                guard hasher.finishAndReset() == digest else { throw wrong("/\(path) has other bytes than its source") }
                current += 1
            }
            position = end
            advance(Int64(chunk.count))
        }
        guard current == places.count else { throw wrong("it ends before /\(places[current].path)") }
        return checksum?.finish()
    }

    /// Where each file lies, by both trees; a bundle has no file more.
    private func findPlaces() throws -> [(path: String, place: DiscTree.Place, digest: Digest)] {
        let names = try volume.rockRidge().files
        guard let joliet = try volume.joliet()?.files else { throw wrong("it has no Joliet names") }
        let expected = contents.files
        let prefix = contents.bundleFolder.isEmpty ? "" : contents.bundleFolder + "/"
        for path in Set(names.keys).union(joliet.keys) where path.hasPrefix(prefix) && expected[path] == nil {
            throw wrong("/\(path) does not belong to the bundle")
        }
        var places: [(path: String, place: DiscTree.Place, digest: Digest)] = []
        for (path, sum) in expected {
            guard let place = names[path], place.size == sum.size else {
                throw wrong("/\(path) is missing or was cut off")
            }
            guard let other = joliet[path], other.size == sum.size, other == place || sum.size == 0 else {
                throw wrong("/\(path) is another file by its Joliet name")
            }
            if sum.size > 0 { places.append((path, place, sum.digest)) }
        }
        return places
    }
}
