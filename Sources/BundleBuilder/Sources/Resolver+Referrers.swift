import BundleSpec
import OCI

/// Signatures, attestations and SBOMs: what points to an image, and to what points to it.
///
/// Spec: docs/spec.md § Referrers.
extension Resolver {
    /// More than this of one image is refused, referrers of referrers included.
    static let maximumReferrers = 1000
    /// More bytes than these of one image's referrers are refused.
    static let maximumReferrerBytes: Int64 = 1 << 30

    /// How many questions about one image are under way at a time.
    private static let width = 4

    /// Finds everything that points to an image and, where it has several platforms, to those that are wanted.
    ///
    /// - Throws: `BuildError` with code `source` when the source says of a document that it points to what it does not.
    func referrers(
        of entry: ImageEntry, _ root: Descriptor, _ provider: any ImageProvider
    ) async throws -> [PinnedReferrer] {
        guard wantsReferrers(entry), provider.listsReferrers else { return [] }
        guard root.mediaType.isIndex else { return try await referrers(of: [root.digest], entry, provider) }
        let bytes = try await rootDocument(of: entry, root, provider)
        let assembly = try ImageAssembly(entry: entry, root: root, bytes: bytes, platforms: platforms(of: entry))
        let manifests = (assembly.selection + assembly.attestations).map(\.digest)
        return assembly.attestations.map { PinnedReferrer($0) }
            + (try await referrers(of: [root.digest] + manifests, entry, provider))
    }

    private func referrers(
        of digests: [Digest], _ entry: ImageEntry, _ provider: any ImageProvider
    ) async throws -> [PinnedReferrer] {
        do {
            return try await search(from: digests, provider)
        } catch {
            let failure = BuildError(error, doing: "reading what a registry lists")
            throw BuildError(
                failure.code,
                "finding what points to \(entry.key): \(failure.message); 'referrers: none' takes the image alone",
                cause: failure.cause)
        }
    }

    /// Follows what points to documents, and what points to that.
    private func search(
        from digests: [Digest], _ provider: any ImageProvider
    ) async throws -> [PinnedReferrer] {
        var found: [PinnedReferrer] = []
        var seen: Set<PinnedReferrer> = []
        var asked = Set(digests)
        var open = digests
        while !open.isEmpty {
            let lists = try await mapInParallel(open, width: Self.width) { digest throws(BuildError) in
                do { return try await provider.referrers(of: digest) } catch {
                    throw BuildError(error, doing: "listing the referrers of \(digest)")
                }
            }
            var next: [Digest] = []
            for (subject, list) in zip(open, lists) {
                for referrer in list where seen.insert(referrer).inserted {
                    guard found.count < Self.maximumReferrers else {
                        throw BuildError(.source, "there are more than \(Self.maximumReferrers) of them")
                    }
                    try await check(referrer, isAbout: subject, provider)
                    found.append(referrer)
                    if asked.insert(referrer.descriptor.digest).inserted { next.append(referrer.descriptor.digest) }
                }
            }
            open = next
        }
        return found
    }

    private func check(
        _ referrer: PinnedReferrer, isAbout subject: Digest, _ provider: any ImageProvider
    ) async throws {
        // A tag says it by its name.
        guard referrer.tag == nil else { return }
        let descriptor = referrer.descriptor
        let bytes = try await manifest(descriptor, provider)
        let said = try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType).subject
        guard said == subject else {
            throw BuildError(
                .source,
                "\(descriptor.digest) is listed as a referrer of \(subject), and is about "
                    + "\(said.map(\.description) ?? "nothing"); have the list mended")
        }
    }

    /// Those of the pinned referrers that point to what is taken of an image, each as an image of its own.
    ///
    /// What points to platforms that are not taken stays out.
    func attachments(
        _ pinned: [PinnedReferrer], to image: ResolvedImage, _ provider: any ImageProvider
    ) async throws -> [ResolvedImage] {
        var known = Set([image.root.digest] + image.manifests)
        var waiting: [(referrer: PinnedReferrer, subject: Digest?, bytes: [UInt8])] = []
        for referrer in pinned where !known.contains(referrer.descriptor.digest) {
            let bytes = try await manifest(referrer.descriptor, provider)
            let document = try ImageDocument(parsing: bytes, mediaType: referrer.descriptor.mediaType)
            waiting.append((referrer, referrer.tag.flatMap(ReferrerTag.signed) ?? document.subject, bytes))
        }
        var attached: [ResolvedImage] = []
        var size: Int64 = 0
        // What points to a referrer may be listed before it.
        while let position = waiting.firstIndex(where: { $0.subject.map(known.contains) ?? false }) {
            let (referrer, _, bytes) = waiting.remove(at: position)
            known.insert(referrer.descriptor.digest)
            let assembly = try ImageAssembly(
                referrer: try image.entry.attaching(referrer), root: referrer.descriptor, bytes: bytes)
            attached.append(try await assemble(assembly, provider))
            for layer in attached.last?.layers ?? [] {
                let (sum, overflow) = size.addingReportingOverflow(layer.descriptor.size)
                guard !overflow, sum <= Self.maximumReferrerBytes else {
                    throw BuildError(
                        .source,
                        "the referrers of \(image.entry.key) claim to have more than \(Self.maximumReferrerBytes) bytes; "
                            + "take the image with 'referrers: none'")
                }
                size = sum
            }
        }
        return attached
    }

    /// Images with what is attached to them behind them, each referrer once, whatever it points to.
    static func joined(_ images: [(image: ResolvedImage, attached: [ResolvedImage])]) -> [ResolvedImage] {
        var taken = Set(images.map(\.image.entry.key))
        var entries: [Digest: ImageEntry] = [:]
        for referrer in images.flatMap(\.attached) {
            let digest = referrer.root.digest
            entries[digest] = entries[digest]?.joining(referrer.entry) ?? referrer.entry
        }
        return images.flatMap { image, attached in
            [image]
                + attached.compactMap { referrer in
                    // One that the spec names itself is an image of its own.
                    guard let entry = entries.removeValue(forKey: referrer.root.digest),
                        taken.insert(entry.key).inserted
                    else { return nil }
                    return referrer.renamed(entry)
                }
        }
    }
}

extension ImageEntry {
    /// What a referrer of the image is called: by its digest or tag in each repository of the image.
    fileprivate func attaching(_ referrer: PinnedReferrer) throws(OCIError) -> ImageEntry {
        var names: [Reference] = []
        for name in self.names {
            let suffix = referrer.tag.map { ":" + $0 } ?? "@" + referrer.descriptor.digest.description
            let reference = try Reference(parsing: name.name + suffix)
            if !names.contains(reference) { names.append(reference) }
        }
        guard let first = names.first else { preconditionFailure("an image has a name") }
        return ImageEntry(
            source: .registry(first), additionalNames: Array(names.dropFirst()), groups: groups, priority: priority,
            // Somebody's own signature under such a tag is no reason to stop.
            tagPolicy: tagPolicy == .move ? .move : .keep, key: first.description)
    }

    /// The same referrer of two images, or by a digest and a tag: for every host that gets one of them.
    fileprivate func joining(_ other: ImageEntry) -> ImageEntry {
        let all = names + other.names.filter { !names.contains($0) }
        // With a tag it is there by its digest as well.
        let tagged = all.filter { name in
            name.tag != nil || !all.contains { $0.tag != nil && $0.name == name.name }
        }
        let isForAll = groups.isEmpty || other.groups.isEmpty
        return ImageEntry(
            source: .registry(tagged[0]), additionalNames: Array(tagged.dropFirst()),
            groups: isForAll ? [] : Set(groups + other.groups).sorted(), priority: min(priority, other.priority),
            tagPolicy: tagPolicy == .move || other.tagPolicy == .move ? .move : .keep, key: tagged[0].description)
    }
}
