import CZlib

extension DeflateEncoding {
    /// The version of zlib in use: what another one makes has to be proved again.
    public static var zlibVersion: String { unsafe String(cString: CZlib.zlibVersion()) }
}
