import Cryptography
import OCI

extension ChainID {
    /// The chain of one layer on top of another chain, or on nothing.
    init(_ beneath: ChainID?, _ diffID: DiffID) {
        guard let beneath else {
            self.init(diffID.digest)
            return
        }
        self.init(SHA256Hasher.digest(of: Array("\(beneath) \(diffID)".utf8)))
    }

    /// The chains of a stack of layers: of the lowest alone, of the lowest two, and so on.
    static func chains(of diffIDs: [DiffID]) -> [ChainID] {
        var chains: [ChainID] = []
        for diffID in diffIDs { chains.append(ChainID(chains.last, diffID)) }
        return chains
    }
}
