public import BundleFormat
import OCI

/// What is planned alike by all engines that hold images of one platform.
extension TargetImage {
    /// The manifest that the engine gets; nil for an artifact, which it cannot hold.
    ///
    /// - Throws: `EngineError` with code `notFound` or `refused`.
    func instance(for platform: Platform) throws(EngineError) -> Instance? {
        guard let instance = instances.first else {
            throw EngineError(
                .notFound,
                "planning \(image.reference): it has no manifest for \(platform); take a bundle that was built for this platform"
            )
        }
        guard !instance.isArtifact else { return nil }
        guard instance.diffIDs.count == instance.layers.count else {
            throw EngineError(
                .refused,
                "planning \(image.reference): its manifest has \(instance.layers.count) layers and its config \(instance.diffIDs.count); "
                    + "build the bundle from an image that is whole")
        }
        return instance
    }

    /// The step of an artifact, which is left out.
    func leftOut(as imageID: Digest, by engine: String) -> LoadStep {
        LoadStep(
            image: self, imageID: imageID, missing: [], presentCount: 0, isPresent: false, bytesToSend: 0, names: [],
            skipReason: "it is an artifact, which \(engine) cannot hold")
    }

    /// A complaint about a name that must not be moved.
    func nameTaken(_ name: String, by current: Digest) -> EngineError {
        EngineError(
            .nameTaken,
            "planning \(image.reference): the name \(name) points to \(current) on this machine, and its policy is to fail; "
                + "remove that name, or build with 'tags: move' or 'tags: keep'")
    }
}

extension TargetImage.Instance {
    /// Whether it is none that containers are made of.
    public var isArtifact: Bool { platform == nil || layers.contains { $0.encoding == .verbatim(nil) } }
}

extension BundleImage.TagPolicy {
    /// What becomes of a name that points elsewhere.
    ///
    /// - Parameter complaint: What is thrown where the policy is to fail.
    /// - Returns: `keep` or `set`.
    /// - Throws: The complaint.
    public func action<Complaint: Error>(
        orThrow complaint: @autoclosure () -> Complaint
    ) throws(Complaint) -> LoadStep.Name.Action {
        switch self {
        case .keep: .keep
        case .move: .set
        case .fail: throw complaint()
        }
    }
}
