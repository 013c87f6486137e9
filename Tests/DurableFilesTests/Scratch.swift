import DurableFiles
import Foundation

/// A directory for one test, removed with it.
struct Scratch: ~Copyable {
    let url: URL
    let directory: Directory

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "durable-\(UUID().uuidString)")
        directory = try Directory.make(url.path)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
    }
}
