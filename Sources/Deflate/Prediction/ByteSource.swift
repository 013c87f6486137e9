/// Where bytes are read from, a piece at a time.
public protocol ByteSource: AnyObject {
    /// The next bytes; none at the end.
    func next() throws -> [UInt8]
}
