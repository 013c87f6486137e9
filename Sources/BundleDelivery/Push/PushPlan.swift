import BundleFormat
import Engines
public import OCI

/// What a registry has of a bundle, and what it is going to be given.
public struct PushPlan: Sendable {
    let steps: [PushStep]
    let blobs: [PushBlob]

    /// What must be listed as pointing to an image, also where it is there.
    var lists: [PushList] {
        var lists: [[String]: PushList] = [:]
        for step in steps {
            guard let subject = step.image.listedSubject else { continue }
            let key = [step.repository.repository, subject.description]
            lists[key, default: PushList(subject: subject, repository: step.repository)].documents.append(step.root)
        }
        return lists.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    /// How many bytes must be sent.
    public var bytesToSend: Int64 { blobs.filter(\.isSent).reduce(0) { $0 + $1.descriptor.size } }

    /// What becomes of each name when the plan is done.
    public var names: [PushedName] {
        steps.flatMap { step in
            step.names.map { name in
                let result: PushedName.Result =
                    switch name.action {
                    case .keep, .unsupported: .kept
                    case .present where step.hasManifests: .present
                    case .present, .set: .pushed
                    }
                return PushedName(
                    image: step.image.image.reference, name: name.reference, digest: step.root.descriptor.digest,
                    result: result)
            }
        }
    }
}

/// What becomes of one name.
public struct PushedName: Sendable {
    /// What a name got.
    public enum Result: String, Sendable {
        case pushed, present, kept
    }

    /// The image's reference in the bundle.
    public let image: String
    /// Its name in the registry.
    public let name: Reference
    /// The digest that the image has there.
    public let digest: Digest
    /// What becomes of it.
    public let result: Result
}

/// One image in one repository.
struct PushStep: Sendable {
    let image: TargetImage
    /// The document that the names shall point to.
    let root: TargetImage.Document
    /// The repository, as any of its names.
    let repository: Reference
    let names: [LoadStep.Name]
    /// Whether all manifests are there.
    let hasManifests: Bool

    /// Whether nothing is to be done.
    var isPresent: Bool { hasManifests && !names.contains { $0.action == .set } }
    /// Configs and layers, each once.
    var blobs: [PushBlob.Content] {
        image.instances.flatMap { instance in
            [.document(instance.config)] + instance.layers.map(PushBlob.Content.layer)
        }
    }
}

/// Referrers of one document in one repository.
struct PushList: Sendable {
    let subject: Digest
    let repository: Reference
    var documents: [TargetImage.Document] = []
}

/// A blob and the repositories that need it.
struct PushBlob: Sendable {
    enum Content: Sendable {
        case layer(BundleLayer)
        case document(TargetImage.Document)

        var descriptor: Descriptor {
            switch self {
            case .layer(let layer):
                Descriptor(
                    mediaType: MediaType(rawValue: "application/octet-stream"), digest: layer.digest, size: layer.size)
            case .document(let document): document.descriptor
            }
        }
    }

    let content: Content
    /// Where it is.
    var present: [Reference] = []
    /// Where it must get.
    var missing: [Reference] = []

    var descriptor: Descriptor { content.descriptor }
    /// Whether it must be sent once.
    var isSent: Bool { present.isEmpty && !missing.isEmpty }
}
