import OCI
import Programs

/// Containerd's own program, for one socket and one namespace; every call starts it and blocks.
///
/// Of its tables only words are read that have stood at their place since containerd 1.5.
struct Ctr: Sendable {
    /// Where containerd listens.
    let socket: String
    /// The namespace that is asked and filled.
    let namespace: String
    private let program: Program
    /// How long it may neither take nor give a byte.
    private let idleLimit: Duration

    init(_ program: Program, socket: String, namespace: String, idleLimit: Duration) {
        self.socket = socket
        self.namespace = namespace
        self.program = program.with("--address", socket, "--namespace", namespace)
        self.idleLimit = idleLimit
    }

    /// The path of the program.
    var path: String { program.path }

    /// An image by one of its names.
    struct Image: Sendable {
        let name: String
        let mediaType: MediaType
        let digest: Digest
        let isPinned: Bool
    }

    /// What keeps kubelet from removing an image.
    ///
    /// Spec: containerd's internal/cri/labels, from 1.7 on.
    private static let pin = "io.cri-containerd.pinned=pinned"

    /// All images of the namespace.
    func images() throws(EngineError) -> [Image] {
        try table(["images", "ls"]).compactMap { words in
            guard words.count > 2, let digest = try? Digest(parsing: words[2]) else { return nil }
            let isPinned = words.last?.split(separator: ",").contains { $0 == Self.pin } ?? false
            return Image(
                name: words[0], mediaType: MediaType(rawValue: words[1]), digest: digest, isPinned: isPinned)
        }
    }

    /// Of these names, or of all, those whose image is whole and unpacked.
    func ready(_ names: [String] = [], snapshotter: String) throws(EngineError) -> Set<String> {
        let filters = names.map { "name==\"\($0)\"" }
        // It fails, and still prints the others, when a document of some image is not there.
        let result = try run(["images", "check", "--snapshotter", snapshotter, "--quiet"] + filters)
        guard result.status == 0 || !result.output.isEmpty || saying(result).contains("not found") else {
            throw failure("checking images", result)
        }
        return Set(result.lines.map(String.init))
    }

    /// All blobs of the namespace, with the diffIDs of layers that were unpacked.
    func blobs() throws(EngineError) -> [Digest: DiffID?] {
        let label = "containerd.io/uncompressed="
        var blobs: [Digest: DiffID?] = [:]
        for words in try table(["content", "ls"]) {
            guard let first = words.first, let digest = try? Digest(parsing: first) else { continue }
            let labels = words.last?.split(separator: ",") ?? []
            let text = labels.first { $0.hasPrefix(label) }?.dropFirst(label.count)
            blobs.updateValue(text.flatMap { try? Digest(parsing: String($0)) }.map(DiffID.init), forKey: digest)
        }
        return blobs
    }

    /// The chains that are unpacked.
    func chains(snapshotter: String) throws(EngineError) -> Set<ChainID> {
        Set(
            try table(["snapshots", "--snapshotter", snapshotter, "ls"]).compactMap { words in
                guard let first = words.first, words.last == "Committed" else { return nil }
                return (try? Digest(parsing: first)).map(ChainID.init)
            })
    }

    /// What containers write into, by the chain that it stands on.
    func users(snapshotter: String) throws(EngineError) -> [ChainID: String] {
        var users: [ChainID: String] = [:]
        for words in try table(["snapshots", "--snapshotter", snapshotter, "ls"]) {
            guard words.count == 3, words[2] != "Committed", let chain = try? Digest(parsing: words[1]) else {
                continue
            }
            users[ChainID(chain)] = words[0]
        }
        return users
    }

    /// What containers run, by the image's name.
    func containers() throws(EngineError) -> [(id: String, image: String)] {
        try table(["containers", "ls"]).compactMap { $0.count > 1 ? ($0[0], $0[1]) : nil }
    }

    /// The bytes of a small blob; nil when it is not there.
    func content(_ digest: Digest) throws(EngineError) -> [UInt8]? {
        let result = try run(["content", "get", digest.description], limit: ImageDocument.maximumSize)
        guard result.status != 0 else { return result.output }
        guard saying(result).contains("not found") else { throw failure("reading \(digest)", result) }
        return nil
    }

    /// Keeps kubelet from removing an image of this name.
    func pin(_ name: String) throws(EngineError) { try done(["images", "label", name, Self.pin], "pinning \(name)") }

    /// Removes names, then what nothing refers to any more.
    func remove(names: [String]) throws(EngineError) {
        try done(["images", "rm", "--sync"] + names, "removing \(names.joined(separator: ", "))")
    }

    /// Removes a blob, whatever refers to it.
    func remove(_ blob: Digest) throws(EngineError) {
        try done(["content", "rm", blob.description], "removing blob \(blob)")
    }

    /// Removes what is unpacked of a chain; nothing may stand on it.
    func remove(_ chain: ChainID, snapshotter: String) throws(EngineError) {
        try done(["snapshots", "--snapshotter", snapshotter, "rm", chain.description], "removing chain \(chain)")
    }

    /// Begins to import an archive, which `snapshotter` unpacks when all of it has come.
    func beginImport(
        snapshotter: String, progress: @escaping (Int64) -> Void
    ) throws(EngineError) -> RunningProgram {
        do throws(ProgramError) {
            return try RunningProgram(
                program, ["images", "import", "--snapshotter", snapshotter, "-"], idleLimit: idleLimit,
                progress: progress)
        } catch {
            throw Self.failedImport(error)
        }
    }

    /// Waits until an import has unpacked what it was given.
    func finishImport(_ running: RunningProgram) throws(EngineError) {
        let result: Program.Result
        do throws(ProgramError) { result = try running.finish() } catch { throw Self.failedImport(error) }
        guard result.status == 0 else { throw failure("importing an image", result) }
    }

    /// An import that broke off.
    static func failedImport(_ error: ProgramError) -> EngineError {
        EngineError(.unreachable, "importing an image: \(error.message)", cause: error)
    }

    /// What `plugins ls` says of all plugins, or in full of those with an ID.
    func plugins(id: String? = nil) throws(EngineError) -> [[String]] {
        try table(["plugins", "ls"] + (id.map { ["--detailed", "id==\($0)"] } ?? []), header: id == nil)
    }

    /// Where blobs and what is unpacked lie, in containerd's own view of the file system.
    func directories(snapshotter: String) throws(EngineError) -> [String] {
        var directories: [String] = []
        for id in ["content", snapshotter] {
            let root = try plugins(id: id).first { $0.count > 1 && $0[0] == "root" }
            if let root { directories.append(root.dropFirst().joined(separator: " ")) }
        }
        return directories
    }

    /// Asks who is there; an error is `unreachable`.
    func version() throws(EngineError) -> String {
        let result = try run(["version"])
        let versions = result.lines.compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.count == 2 && words[0] == "Version:" ? String(words[1]) : nil
        }
        guard result.status == 0, versions.count == 2 else {
            throw EngineError(.unreachable, failure("asking for its version", result).message)
        }
        return String(daemon: versions[1])
    }

    private func table(_ arguments: [String], header: Bool = true) throws(EngineError) -> [[String]] {
        let result = try run(arguments)
        guard result.status == 0 else { throw failure("asking for \(arguments.joined(separator: " "))", result) }
        return result.lines.dropFirst(header ? 1 : 0).map { line in
            line.split { $0 == " " || $0 == "\t" }.map(String.init)
        }
    }

    private func done(_ arguments: [String], _ doing: String) throws(EngineError) {
        let result = try run(arguments)
        guard result.status == 0 else { throw failure(doing, result) }
    }

    private func run(_ arguments: [String], limit: Int = 64 << 20) throws(EngineError) -> Program.Result {
        do throws(ProgramError) { return try program.run(arguments, limit: limit, idleLimit: idleLimit) } catch {
            throw EngineError(.unreachable, "asking containerd: \(error.message)", cause: error)
        }
    }

    private func failure(_ doing: String, _ result: Program.Result) -> EngineError {
        let said = "\(doing) in containerd at \(socket): \(path) ended with \(result.status): \(saying(result))"
        guard said.lowercased().contains("no space left on device") else { return EngineError(.refused, said) }
        return EngineError(.noSpace, said + "; make room where it keeps its images")
    }

    /// Its own complaint without the log before it.
    private func saying(_ result: Program.Result) -> String {
        let lines = String(decoding: result.errorOutput, as: UTF8.self).split(separator: "\n")
        return String(daemon: String(lines.last { $0.hasPrefix("ctr: ") }?.dropFirst(5) ?? lines.last ?? "nothing"))
    }
}
