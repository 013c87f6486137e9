import BundleFormat
import Engines
import OCI

extension PruneRequest {
    /// What was brought as these images, with the names that loads give, where these others stay.
    init(_ old: [TargetImage], keeping current: [TargetImage] = [], in engine: any Engine) {
        var kept: Set<Digest> = []
        for image in current {
            kept.insert(image.root.descriptor.digest)
            for instance in image.instances {
                kept.formUnion([instance.manifest.descriptor.digest, instance.config.descriptor.digest])
            }
        }
        // As the journal has it: by the config where the target knows no digests of registries.
        self.init(
            brought: old.map { image in
                let knowsConfigs = engine is DockerEngine
                return BroughtImage(
                    reference: image.image.reference,
                    id: knowsConfigs ? image.instances[0].config.descriptor.digest : image.root.descriptor.digest,
                    names: Self.names(image))
            }, keptIDs: kept, keptNames: current.reduce(into: []) { $0.formUnion(Self.names($1)) })
    }

    private static func names(_ image: TargetImage) -> Set<String> {
        Set(image.image.names.map(\.withoutDigest.description) + image.digestNames)
    }
}
