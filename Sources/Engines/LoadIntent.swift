public import OCI

/// A load that may have been interrupted: nothing that it was going to write can be believed.
public struct LoadIntent: Sendable, Hashable {
    /// The image's reference, for messages.
    public let reference: String
    /// The digest of the config.
    public let imageID: Digest
    /// All diffIDs of the image, lowest first.
    public let diffIDs: [DiffID]
    /// How many of the lowest layers were present before, and are not in doubt.
    public let presentCount: Int

    /// An intent of its parts.
    public init(reference: String, imageID: Digest, diffIDs: [DiffID], presentCount: Int) {
        self.reference = reference
        self.imageID = imageID
        self.diffIDs = diffIDs
        self.presentCount = presentCount
    }
}

extension LoadIntent {
    /// The layers that cannot be believed, lowest first.
    var diffIDsInDoubt: ArraySlice<DiffID> { diffIDs.dropFirst(presentCount) }

    /// The chains that cannot be believed, with the position of their highest layer, lowest first.
    var chainsInDoubt: [(position: Int, chain: ChainID)] {
        ChainID.chains(of: diffIDs).enumerated().dropFirst(presentCount).map { ($0.offset, $0.element) }
    }
}
