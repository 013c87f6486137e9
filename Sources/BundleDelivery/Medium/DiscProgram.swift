import BundleFormat
import Discs
import DurableFiles
import Glibc
import Programs

/// The program xorriso, which writes copies of images that boot: with our order of files and no times but those that it is told.
///
/// Its commands are those of xorriso(1).
struct DiscProgram {
    private let program: Program

    /// - Parameter created: What is the time, for all that would have the time of now.
    /// - Throws: `DeliveryError` with code `program`.
    init(created: Timestamp) throws(DeliveryError) {
        let seconds = Self.seconds(created)
        let places = Program.searchPath.split(separator: ":").map { "\($0)/xorriso" }
        let environment = ["PATH": Program.searchPath, "SOURCE_DATE_EPOCH": "\(seconds)", "TZ": "UTC"]
        let found = places.lazy.map { Program(path: $0, environment: environment) }.first(where: \.isTrusted)
        guard let found else {
            throw DeliveryError(.program, "writing a disc image: there is no program xorriso; install it")
        }
        program = found
    }

    /// The time as ISO 9660 can hold it, in seconds since 1970.
    private static func seconds(_ time: Timestamp) -> Int64 { min(max(time.seconds, 0), 5_869_583_999) }

    /// Writes an image.
    ///
    /// - Parameters:
    ///   - contents: What is put into it.
    ///   - options: Its label and base.
    ///   - base: The volume of the base.
    ///   - created: What all that is put into it has as its time.
    ///   - commands: How files in `directory` start that the program is to read.
    ///   - name: What the image is called in `directory`.
    ///   - directory: Where both are made.
    ///   - waiting: Called ten times a second.
    /// - Throws: `FileError` with code `noSpace`, `DeliveryError` with code `program`.
    func write(
        _ contents: DiscContents, options: DiscOptions, base: DiscVolume, created: Timestamp, commands: String,
        to name: String, in directory: Directory, waiting: () -> Void
    ) throws {
        let place = try Directory.realPath(directory.path)
        var arguments = [
            "-no_rc", "-report_about", "UPDATE", "-abort_on", "FAILURE", "-charset", "UTF-8", "-local_charset", "UTF-8",
        ]
        arguments += [
            "-indev", "stdio:" + base.file.path, "-outdev", "stdio:\(place)/\(name)", "-joliet", "on", "-rockridge",
            "on",
            "-compliance", "iso_9660_level=3:joliet_long_names:joliet_long_paths:always_gmt",
            // The whole is synced at its end.
            "-stdio_sync", "off",
        ]
        // An HFS+ tree beside it, for old Macs, cannot be written anew by the program.
        arguments += ["-boot_image", "any", "replay", "-hfsplus", "off", "-volume_date", "uuid", base.uuid]
        if let id = base.partitionTableID { arguments += ["-boot_image", "any", "gpt_disk_guid=\(id)"] }
        if let label = options.label { arguments += ["-volid", label] }
        var weight = 0
        for (number, tree) in contents.trees.enumerated() {
            let file = "\(commands)-\(number)"
            let text = Self.commands(tree, created: Self.seconds(created), weight: &weight)
            try directory.writeFile(file, Array(text.utf8))
            arguments += ["-cdx", tree.source, "-options_from_file", "\(place)/\(file)"]
        }
        try run(arguments + ["-commit", "-end"], waiting: waiting)
    }

    /// The lines that put a folder's files into the image, one after another in it.
    ///
    /// All lie behind what the base has: its boot partitions stay in front. Without weights the order would be that of
    /// inode numbers.
    private static func commands(_ tree: DiscContents.Tree, created: Int64, weight: inout Int) -> String {
        var text = "-overwrite \(tree.replaces ? "nondir" : "off")\n"
        var folders: Set<String> = []
        func date(_ path: String) -> String {
            "-alter_date b =\(created) \(path) -- -alter_date c =\(created) \(path) --\n"
        }
        for file in tree.files {
            weight -= 1
            folders.formUnion(Self.folders(of: file.path))
            let path = "'/\(file.path)'"
            text += "-map '\(file.source)' \(path)\n"
            text += "-find \(path) -exec mkisofs_r -- -find \(path) -exec sort_weight \(weight) --\n"
            if !tree.keepsExecutables { text += "-chmod 0444 \(path) --\n" }
            text += date(path)
        }
        // Folders that come into being with them would have the owner and the time of their sources.
        for folder in folders.sorted() {
            text += "-find '/\(folder)' -maxdepth 0 -exec mkisofs_r --\n" + date("'/\(folder)'")
        }
        return text
    }

    /// `a` and `a/b` of `a/b/c`.
    private static func folders(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }

    private func run(_ arguments: [String], waiting: () -> Void) throws {
        let result: Program.Result
        do throws(ProgramError) {
            let running = try RunningProgram(program, arguments, limit: 64 << 20, idleLimit: .seconds(3600))
            while true {
                if let ended = try running.resultIfEnded() {
                    result = ended
                    break
                }
                usleep(100_000)
                waiting()
            }
        } catch {
            throw DeliveryError(.program, "writing a disc image: \(error.message)")
        }
        guard result.status != 0 else { return }
        let lines = String(decoding: result.errorOutput, as: UTF8.self).split(separator: "\n")
        let said = lines.filter {
            $0.contains(" : FAILURE : ") || $0.contains(" : FATAL : ") || $0.contains(" : SORRY : ")
        }
        let words = said.prefix(3).joined(separator: "; ")
        if words.contains(FileError.systemText(ENOSPC)) {
            throw FileError(.noSpace, "writing a disc image: \(words); make room, or name an output elsewhere")
        }
        throw DeliveryError(
            .program,
            "writing a disc image: xorriso ended with \(result.status) and said: \(words.isEmpty ? "nothing" : words)"
        )
    }
}
