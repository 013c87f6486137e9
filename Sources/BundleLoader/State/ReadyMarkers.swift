public import DurableFiles
import OCI

/// The files that tell other units which images are there: one for each name, in a directory that is empty after a boot.
///
/// Spec: docs/loading.md section 7.
public struct ReadyMarkers: Sendable {
    /// Tells who waits that a run is over, and what it did not mark will not come.
    static let ended = ".ended"
    /// Held while a run works, so that who waits sees also the end of one that was killed.
    static let begun = ".begun"
    private let directory: Directory

    /// Opens the directory, and makes it where it is not there.
    ///
    /// - Throws: `LoadError` with code `files`, also when others may write there.
    public init(making path: String) throws(LoadError) {
        do throws(FileError) { try self.init(checking: Directory.make(path)) } catch { throw Self.unusable(error) }
    }

    /// Opens the directory; nil when it is not there.
    ///
    /// - Throws: `LoadError` with code `files`, also when others may write there.
    init?(existing path: String) throws(LoadError) {
        do throws(FileError) { try self.init(checking: Directory(opening: path)) } catch {
            guard error.code != .notFound else { return nil }
            throw Self.unusable(error)
        }
    }

    private init(checking directory: Directory) throws(FileError) {
        if let fault = try directory.faultOfAccess {
            throw FileError(.permission, "cannot use '\(directory.path)': \(fault)")
        }
        self.directory = directory
    }

    private static func unusable(_ error: FileError) -> LoadError {
        LoadError(LoadError(error).code, "opening READY_DIR: \(error.message)", cause: error)
    }

    /// The name of a marker, as `systemd-escape` makes it; nil where no file name is that long.
    public static func name(of reference: String) -> String? {
        var name: [UInt8] = []
        for (position, byte) in reference.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "/"): name.append(UInt8(ascii: "-"))
            case UInt8(ascii: ".") where position > 0: name.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: ":"), UInt8(ascii: "_"):
                name.append(byte)
            default: name.append(contentsOf: Array((byte < 16 ? "\\x0" : "\\x").utf8) + String(byte, radix: 16).utf8)
            }
        }
        return 1...255 ~= name.count ? String(decoding: name, as: UTF8.self) : nil
    }

    /// What `--wait-for` was given: a marker, or the reference itself, which has a slash.
    ///
    /// - Throws: `LoadError` with code `configuration` for what can be neither.
    public static func name(parsing text: String) throws(LoadError) -> String {
        let isReference = text.utf8.contains(UInt8(ascii: "/"))
        let reference = isReference ? try? Reference(parsing: text).description : nil
        guard let marker = isReference ? reference.flatMap(name(of:)) : text, 1...255 ~= marker.utf8.count,
            !marker.hasPrefix("."), marker.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else {
            throw LoadError(
                .configuration,
                "waiting for an image: this is neither a reference nor its name as systemd-escape writes it")
        }
        return marker
    }

    /// Tells who waits that a run has begun, and goes on as long as the result lives.
    public func begin() throws(LoadError) -> HeldFile {
        let run: HeldFile
        do throws(FileError) { run = try directory.holdFile(Self.begun) } catch {
            throw LoadError(LoadError(error).code, "beginning in READY_DIR: \(error.message)", cause: error)
        }
        try remove(Self.ended)
        return run
    }

    /// Tells who waits that the image of these names is there.
    public func mark(_ references: some Sequence<String>) throws(LoadError) {
        for case let name? in references.map(Self.name(of:)) { try make(name) }
    }

    /// Takes back what was said of an image that is not there any more.
    public func unmark(_ references: some Sequence<String>) throws(LoadError) {
        for case let name? in references.map(Self.name(of:)) { try remove(name) }
    }

    /// Tells who waits that a run is over, whether all went well or not.
    public func end() throws(LoadError) { try make(Self.ended) }

    /// Blocks until a marker is there.
    ///
    /// - Parameters:
    ///   - marker: As `name(parsing:)` gives it.
    ///   - path: The directory, which need not be there yet.
    ///   - wait: How long.
    ///   - patience: How long nobody may work once a run has begun: the next one may be about to.
    ///   - whileWaiting: Called several times a second.
    /// - Throws: `LoadError` with code `notFound` when the time is over, or runs have ended without the image.
    public static func wait(
        for marker: String, in path: String, waiting wait: Duration, patience: Duration = .seconds(5),
        whileWaiting: () -> Void = {}
    ) throws(LoadError) {
        let deadline = Deadline(after: wait)
        var successor: Deadline?
        while true {
            // In this order: a marker that is made between the questions is seen by the last.
            let isOver = try isOver(path)
            let hasEnded = try exists(ended, in: path)
            if try exists(marker, in: path) { return }
            successor = isOver ? successor ?? Deadline(after: patience) : nil
            if let successor, successor.hasPassed || deadline.hasPassed {
                let what =
                    hasEnded
                    ? "has ended without it; 'bundle-firstboot --status' says why"
                    : "was killed before it was there; start it again, which mends what was interrupted"
                throw LoadError(.notFound, "waiting for the image \(marker): the loader \(what)")
            }
            guard !deadline.hasPassed else {
                throw LoadError(
                    .notFound,
                    "waiting for the image \(marker): it was not there after \(wait.components.seconds) seconds;"
                        + " look at the loader's messages, or raise WAIT")
            }
            whileWaiting()
            deadline.pause()
        }
    }

    /// Whether a run has begun, and no loader works any more.
    private static func isOver(_ path: String) throws(LoadError) -> Bool {
        do throws(FileError) { return try Directory(opening: path).isHeld(begun) == false } catch {
            guard error.code == .notFound else { throw LoadError(error) }
            return false
        }
    }

    private static func exists(_ name: String, in path: String) throws(LoadError) -> Bool {
        do throws(FileError) { return try Directory(opening: path).exists(name) } catch {
            guard error.code == .notFound else { throw LoadError(error) }
            return false
        }
    }

    private func make(_ name: String) throws(LoadError) {
        do throws(FileError) {
            guard try !directory.exists(name) else { return }
            // The directory lies in memory: there is nothing to sync.
            try directory.makeTemporaryFile().commit(as: name, isDurable: false)
        } catch {
            throw LoadError(LoadError(error).code, "writing a ready marker: \(error.message)", cause: error)
        }
    }

    private func remove(_ name: String) throws(LoadError) {
        do throws(FileError) { try directory.remove(name) } catch {
            guard error.code == .notFound else {
                throw LoadError(LoadError(error).code, "removing a ready marker: \(error.message)", cause: error)
            }
        }
    }
}
