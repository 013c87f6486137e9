/// Where a blob's bytes go; holds the running digest, so that a resumed blob is still verified as a whole.
///
/// Used by one task at a time. What `append`, `restart` or `finish` throws ends the transfer as a `RegistryError` with
/// code `sink` and that error as its `cause`.
public protocol BlobSink: AnyObject {
    /// How many bytes it holds; above zero at the start when an earlier transfer left some.
    var received: Int64 { get }

    /// Takes the next bytes, which are valid during the call only; never more in all than the descriptor says.
    func append(_ bytes: UnsafeRawBufferPointer) throws

    /// Forgets everything; `received` is zero again.
    func restart() throws

    /// Ends the blob, of which all bytes are there.
    ///
    /// - Returns: Whether what was received has the right digest.
    func finish() throws -> Bool
}
