import BundleFormat
import Engines
import OCI
import Registry

/// Asks a registry what it has of a bundle's images; changes nothing.
struct PushPlanner: Sendable {
    let client: RegistryClient
    let options: PushOptions

    /// How many questions are under way at a time.
    private static let width = 16

    /// - Throws: `DeliveryError` or `RegistryError`.
    func plan(_ images: [TargetImage]) async throws -> PushPlan {
        let unused = options.destination.unusedRenames(images.flatMap(\.image.names))
        guard unused.isEmpty else {
            throw DeliveryError(
                .usage,
                "renaming \(unused.joined(separator: ", ")): no image of the bundle has that path; `bundle inspect` lists the names"
            )
        }
        var drafts: [(image: TargetImage, root: TargetImage.Document, names: [Reference])] = []
        var owners: [Reference: Digest] = [:]
        for image in images {
            let root = try root(of: image)
            var names: [String: [Reference]] = [:]
            for name in image.image.names {
                let reference = try options.destination.reference(for: name)
                if reference.tag != nil, let other = owners.updateValue(root.descriptor.digest, forKey: reference),
                    other != root.descriptor.digest
                {
                    throw DeliveryError(
                        .nameTaken,
                        "planning the push: two different images would be called \(reference); rename the path of one with --rename"
                    )
                }
                names[reference.repository, default: []].append(reference)
            }
            for repository in names.keys.sorted() { drafts.append((image, root, names[repository] ?? [])) }
        }
        let steps = try await concurrently(drafts) { draft in try await step(draft.image, draft.root, draft.names) }
        return PushPlan(steps: steps, blobs: try await blobs(of: steps))
    }

    /// What the names shall point to: the index or manifest that the reference stood for, where all of it may be pushed.
    private func root(of image: TargetImage) throws -> TargetImage.Document {
        let parsed = try ImageDocument(parsing: image.root.bytes, mediaType: image.root.descriptor.mediaType)
        guard case .index(let index) = parsed else { return image.root }
        let here = Set(image.instances.map(\.manifest.descriptor.digest))
        let absent = index.manifests.filter { !here.contains($0.digest) }
        guard !absent.isEmpty else { return image.root }
        switch options.sparse {
        case .keep: return image.root
        case .platform, .refuse:
            let attestations = Set(index.manifests.filter { $0.attested != nil }.map(\.digest))
            let platforms = image.instances.map(\.manifest).filter { !attestations.contains($0.descriptor.digest) }
            if options.sparse == .platform, platforms.count == 1 { return platforms[0] }
            throw DeliveryError(
                .sparse,
                "planning the push of \(image.image.reference): the bundle has \(image.instances.count) of the "
                    + "\(index.manifests.count) manifests of its index; build the bundle with all platforms, or push with --sparse keep"
            )
        }
    }

    private func step(
        _ image: TargetImage, _ root: TargetImage.Document, _ references: [Reference]
    ) async throws -> PushStep {
        var names: [LoadStep.Name] = []
        for reference in references {
            guard reference.tag != nil else {
                names.append(LoadStep.Name(reference, .present))
                continue
            }
            let found = try await client.manifestDigest(reference)
            names.append(LoadStep.Name(reference, try action(reference, image, root.descriptor.digest, found)))
        }
        let manifests = Set(image.instances.map(\.manifest.descriptor.digest) + [root.descriptor.digest])
        var hasManifests = true
        for digest in manifests.sorted() where hasManifests {
            hasManifests = try await client.manifestDigest(references[0].pinned(to: digest)) != nil
        }
        return PushStep(
            image: image, root: root, repository: references[0], names: names, hasManifests: hasManifests)
    }

    private func action(
        _ reference: Reference, _ image: TargetImage, _ root: Digest, _ found: Digest?
    ) throws -> LoadStep.Name.Action {
        guard let found else { return .set }
        guard found != root else { return .present }
        return try (options.tags ?? image.image.tagPolicy).action(
            orThrow: DeliveryError(
                .nameTaken,
                "planning the push: \(reference) is \(found), not \(root), and must not be moved; remove it from the registry, or push with --tags move or --tags keep"
            ))
    }

    /// The blobs of the images that are not there, with the repositories that have them or need them.
    private func blobs(of steps: [PushStep]) async throws -> [PushBlob] {
        var places: [(content: PushBlob.Content, repository: Reference)] = []
        var seen: Set<[String]> = []
        for step in steps where !step.hasManifests {
            for content in step.blobs
            where seen.insert([content.descriptor.digest.description, step.repository.repository]).inserted {
                places.append((content, step.repository))
            }
        }
        let present = try await concurrently(places) { place in
            try await client.hasBlob(place.content.descriptor, in: place.repository)
        }
        var blobs: [Digest: PushBlob] = [:]
        for (place, isPresent) in zip(places, present) {
            var blob = blobs[place.content.descriptor.digest] ?? PushBlob(content: place.content)
            if isPresent { blob.present.append(place.repository) } else { blob.missing.append(place.repository) }
            blobs[place.content.descriptor.digest] = blob
        }
        return blobs.values.filter { !$0.missing.isEmpty }
            .sorted { ($1.descriptor.size, $0.descriptor.digest) < ($0.descriptor.size, $1.descriptor.digest) }
    }

    private func concurrently<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Result?] = Array(repeating: nil, count: elements.count)
            for (position, element) in elements.enumerated() {
                if position >= Self.width, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (position, try await body(element)) }
            }
            while let (done, result) = try await group.next() { results[done] = result }
            return results.compactMap(\.self)
        }
    }
}
