import OCI
import Testing

@Suite struct ChainIDTests {
    @Test func chainsAreOrderedByTheirDigests() {
        let low = ChainID(Digest(bytes: [UInt8](repeating: 1, count: 32)))
        let high = ChainID(Digest(bytes: [UInt8](repeating: 2, count: 32)))
        #expect(low < high)
    }
}
