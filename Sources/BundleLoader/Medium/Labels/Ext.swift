import DurableFiles

extension DeviceContents {
    /// The label of an ext2, ext3 or ext4 file system; a device that holds nothing but a journal has none.
    ///
    /// Spec: the kernel's Documentation/filesystems/ext4/super.rst.
    func extLabels() throws(FileError) -> [String] {
        guard let block = try record(at: 1024, count: 1024), block.number16(56) == 0xEF53, block[96] & 8 == 0 else {
            return []
        }
        return [block.text(120..<136)]
    }
}
