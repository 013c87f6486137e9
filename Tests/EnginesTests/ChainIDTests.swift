import OCI
import Testing

@testable import Engines

@Suite struct ChainIDTests {
    private static func diffID(_ byte: UInt8) -> DiffID { DiffID(Digest(bytes: repeatElement(byte, count: 32))) }

    @Test func `chains are ordered by their digests`() {
        #expect(ChainID(Self.diffID(1).digest) < ChainID(Self.diffID(2).digest))
    }

    @Test func `a chain is its diffID, or the digest of the chain beneath, a space and the diffID`() {
        let chains = ChainID.chains(of: [Self.diffID(0xAA), Self.diffID(0xBB), Self.diffID(0xAA)])
        #expect(chains.first?.digest == Self.diffID(0xAA).digest)
        // From `printf 'sha256:aa… sha256:bb…' | sha256sum`, and so on.
        #expect(
            chains.dropFirst().map(\.description) == [
                "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
                "sha256:406364a4bd8d39df8107071d4494fa73814420337124657ec5999b072e5d3352",
            ])
        #expect(ChainID.chains(of: []).isEmpty)
    }
}
