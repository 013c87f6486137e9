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
        var found = FoundReferrers(of: digests)
        while !found.open.isEmpty {
            let subjects = found.open
            let new = try found.add(try await Self.lists(of: subjects, provider), of: subjects)
            // A tag says by its name what it is about.
            for (subject, referrers) in new {
                let listed = referrers.filter { $0.tag == nil }.map(\.descriptor)
                _ = try await mapInParallel(listed, width: Self.width) { descriptor throws(BuildError) in
                    try await check(descriptor, isAbout: subject, provider)
                }
            }
        }
        return found.referrers
    }

    private static func lists(
        of digests: [Digest], _ provider: any ImageProvider
    ) async throws(BuildError) -> [[PinnedReferrer]] {
        try await mapInParallel(digests, width: width) { digest throws(BuildError) in
            do { return try await provider.referrers(of: digest) } catch {
                throw BuildError(error, doing: "listing the referrers of \(digest)")
            }
        }
    }

    private func check(
        _ descriptor: Descriptor, isAbout subject: Digest, _ provider: any ImageProvider
    ) async throws(BuildError) {
        let said: Digest?
        do {
            said = try ImageDocument(parsing: try await manifest(descriptor, provider), mediaType: descriptor.mediaType)
                .subject
        } catch {
            throw BuildError(error, doing: "reading the referrer \(descriptor.digest)")
        }
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
        let held = Set([image.root.digest] + image.manifests)
        let referrers = pinned.filter { !held.contains($0.descriptor.digest) }
        let documents = try await mapInParallel(referrers.map(\.descriptor), width: Self.width) {
            descriptor throws(BuildError) in
            do { return try await manifest(descriptor, provider) } catch {
                throw BuildError(error, doing: "reading the referrer \(descriptor.digest)")
            }
        }
        let assemblies = try Self.assemblies(of: referrers, documents, to: image, holding: held)
        let attached = try await mapInParallel(assemblies, width: Self.width) { assembly throws(BuildError) in
            do { return try await assemble(assembly, provider) } catch {
                throw BuildError(error, doing: "reading the referrers of \(image.entry.key)")
            }
        }
        try Self.checkSize(of: attached, to: image)
        return attached
    }

    /// Those that point to the image, or to one that does, in an order in which each comes after what it points to.
    private static func assemblies(
        of referrers: [PinnedReferrer], _ documents: [[UInt8]], to image: ResolvedImage, holding held: Set<Digest>
    ) throws -> [ImageAssembly] {
        var known = held
        var waiting = try zip(referrers, documents).map { referrer, bytes in
            let document = try ImageDocument(parsing: bytes, mediaType: referrer.descriptor.mediaType)
            let subject = referrer.tag.flatMap(ReferrerTag.signed) ?? document.subject
            return (referrer: referrer, subject: subject, bytes: bytes)
        }
        var assemblies: [ImageAssembly] = []
        while let position = waiting.firstIndex(where: { $0.subject.map(known.contains) ?? false }) {
            let (referrer, _, bytes) = waiting.remove(at: position)
            known.insert(referrer.descriptor.digest)
            assemblies.append(
                try ImageAssembly(
                    referrer: try image.entry.attaching(referrer), root: referrer.descriptor, bytes: bytes))
        }
        return assemblies
    }

    private static func checkSize(of referrers: [ResolvedImage], to image: ResolvedImage) throws(BuildError) {
        var size: Int64 = 0
        for layer in referrers.flatMap(\.layers) {
            let (sum, overflow) = size.addingReportingOverflow(layer.descriptor.size)
            guard !overflow, sum <= maximumReferrerBytes else {
                throw BuildError(
                    .source,
                    "the referrers of \(image.entry.key) claim to have more than \(maximumReferrerBytes) bytes; "
                        + "take the image with 'referrers: none'")
            }
            size = sum
        }
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

/// What was found so far, each once, and what has not been asked about.
private struct FoundReferrers {
    private(set) var referrers: [PinnedReferrer] = []
    private(set) var open: [Digest]
    private var seen: Set<PinnedReferrer> = []
    private var asked: Set<Digest>

    init(of digests: [Digest]) {
        open = digests
        asked = Set(digests)
    }

    /// Takes the lists of all that was open.
    ///
    /// - Returns: What is new in each list.
    mutating func add(
        _ lists: [[PinnedReferrer]], of subjects: [Digest]
    ) throws(BuildError) -> [(subject: Digest, referrers: [PinnedReferrer])] {
        let new = zip(subjects, lists).map { subject, list in
            (subject: subject, referrers: list.filter { seen.insert($0).inserted })
        }
        referrers += new.flatMap(\.referrers)
        guard referrers.count <= Resolver.maximumReferrers else {
            throw BuildError(.source, "there are more than \(Resolver.maximumReferrers) of them")
        }
        open = new.flatMap(\.referrers).map(\.descriptor.digest).filter { asked.insert($0).inserted }
        return new
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
