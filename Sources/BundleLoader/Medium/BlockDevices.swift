import DurableFiles

/// The block devices of this machine, and the file systems on them.
struct BlockDevices {
    /// Where the kernel lists them.
    var classDirectory = "/sys/class/block"
    /// Where their nodes lie.
    var nodeDirectory = "/dev"

    /// A device with file systems that have labels.
    struct Labelled {
        /// Its name, `sdb1`.
        let name: String
        /// The path of its node.
        let path: String
        /// Its number.
        let number: UInt64
        /// What lies on it.
        let fileSystems: [FileSystem]
    }

    /// All devices that have a label, and what was said by those that could not be read.
    func search() throws(LoadError) -> (labelled: [Labelled], failures: [FileError]) {
        var labelled: [Labelled] = []
        var failures: [FileError] = []
        let nodes: Directory
        do throws(FileError) { nodes = try Directory(opening: nodeDirectory) } catch { throw LoadError(error) }
        for name in try names(nodes) {
            do throws(FileError) {
                guard let device = try nodes.openBlockDevice(name), device.contents.size > 0 else { continue }
                let (found, failure) = DeviceContents(device.contents).fileSystems()
                if let failure { failures.append(failure) }
                guard !found.isEmpty, !labelled.contains(where: { $0.number == device.number }) else { continue }
                labelled.append(
                    Labelled(
                        name: name, path: device.contents.path, number: device.number, fileSystems: found))
            } catch {
                // Without a medium, or gone meanwhile.
                if error.code != .notRegular && error.code != .notFound { failures.append(error) }
            }
        }
        return (labelled, failures)
    }

    /// The names of devices; where the kernel lists none, those of everything in the folder of nodes.
    private func names(_ nodes: Directory) throws(LoadError) -> [String] {
        let names: [String]
        if let list = try? Directory(opening: classDirectory).names() {
            names = list.filter { !isPart($0) }.map { name in String(name.map { $0 == "!" ? "/" : $0 }) }
        } else {
            do throws(FileError) { names = try nodes.names() } catch { throw LoadError(error) }
        }
        return names.filter { !Self.isFloppy($0) }
    }

    /// Whether another device is made of this one, as an array or an encrypted volume is, and shows the same file system.
    private func isPart(_ name: String) -> Bool {
        let holders = try? Directory(opening: "\(classDirectory)/\(name)/holders").names()
        return holders?.isEmpty == false
    }

    /// An absent floppy takes seconds to say so.
    private static func isFloppy(_ name: String) -> Bool {
        name.hasPrefix("fd") && name.dropFirst(2).allSatisfy(\.isNumber)
    }
}

extension [BlockDevices.Labelled] {
    /// The devices with a label; of a disk that has it, none of its partitions.
    ///
    /// An image that boots from discs and sticks shows its file system both on the stick and in the first partition.
    func labelled(_ label: String) -> [BlockDevices.Labelled] {
        let matching = filter { $0.fileSystems.contains { $0.isLabelled(label) } }
        return matching.filter { device in !matching.contains { Self.isPartition(device.name, of: $0.name) } }
    }

    /// As the kernel names partitions: `sdb1` of `sdb`, `mmcblk0p1` of `mmcblk0`.
    static func isPartition(_ name: String, of disk: String) -> Bool {
        guard let last = disk.last, name.hasPrefix(disk) else { return false }
        var number = name.dropFirst(disk.count)
        if last.isNumber {
            guard number.first == "p" else { return false }
            number = number.dropFirst()
        }
        return !number.isEmpty && number.allSatisfy { ("0"..."9").contains($0) }
    }
}

extension DeviceContents {
    /// The contents of an open device, or of an image in a file.
    init(_ file: ReadableFile) {
        self.init(size: file.size) { (offset, count) throws(FileError) in try file.read(at: offset, count: count) }
    }
}
