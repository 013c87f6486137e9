import DurableFiles

/// A file system that was found on a device, with its label.
struct FileSystem: Hashable {
    /// Which one; those that come first are tried first, where a device has several.
    enum Kind: CaseIterable {
        case udf, iso9660, exfat, fat, ext

        /// The drivers of the kernel that may read it, in the order in which they are tried.
        var drivers: [Driver] {
            switch self {
            case .udf: [Driver(name: "udf")]
            case .iso9660: [Driver(name: "iso9660")]
            case .exfat: [Driver(name: "exfat")]
            case .fat: [Driver(name: "vfat")]
            // Without the option even a read-only mount would replay the journal, and so write.
            case .ext:
                [
                    Driver(name: "ext4", options: "noload"), Driver(name: "ext3", options: "noload"),
                    Driver(name: "ext2"),
                ]
            }
        }
    }

    /// A driver of the kernel.
    struct Driver: Hashable {
        /// Its name.
        let name: String
        /// Its mount options.
        var options = ""
    }

    /// Which one.
    let kind: Kind
    /// The label, as it stands there.
    let label: String

    /// Whether this is the label that is looked for; case does not count, since FAT and ISO 9660 have capitals only.
    func isLabelled(_ wanted: String) -> Bool { label.lowercased() == wanted.lowercased() }

    /// The label for messages; whoever made the medium chose its bytes.
    var shownLabel: String {
        String(String.UnicodeScalarView(label.unicodeScalars.map { (" "..."~").contains($0) ? $0 : "?" }))
    }
}

extension DeviceContents {
    /// All file systems that lie here and have a label, and the last error of reading, if any.
    func fileSystems() -> (found: [FileSystem], failure: FileError?) {
        var found: [FileSystem] = []
        var failure: FileError?
        for kind in FileSystem.Kind.allCases {
            // What one of them would have to lie on may be unreadable where another one is well.
            do throws(FileError) {
                for label in try labels(kind) where !label.isEmpty {
                    let system = FileSystem(kind: kind, label: label)
                    if !found.contains(system) { found.append(system) }
                }
            } catch { failure = error }
        }
        return (found, failure)
    }

    private func labels(_ kind: FileSystem.Kind) throws(FileError) -> [String] {
        switch kind {
        case .udf: try udfLabels()
        case .iso9660: try iso9660Labels()
        case .exfat: try exFATLabels()
        case .fat: try fatLabels()
        case .ext: try extLabels()
        }
    }
}
