public import BundleFormat
public import BundleLoader
public import Console
import Engines
public import OCI
public import Registry

/// How images are pushed.
public struct PushOptions: Sendable {
    /// What becomes of an index whose platforms are not all in the bundle.
    public enum Sparse: String, Sendable, CaseIterable {
        /// It is pushed as it is.
        case keep
        /// The one manifest that is there takes its names.
        case platform
        /// It is an error.
        case refuse
    }

    /// Where they go.
    public var destination: PushDestination
    /// What happens where a tag points elsewhere; nil: what each image says.
    public var tags: BundleImage.TagPolicy?
    /// What becomes of incomplete indexes.
    public var sparse = Sparse.keep
    /// How many blobs are under way at a time; at least 1.
    public var jobs = 4

    /// Options for a destination; everything else has its default.
    public init(_ destination: PushDestination) { self.destination = destination }
}

/// Puts a bundle's images into a registry: only what it lacks, each blob as its original bytes, tags last.
///
/// Spec: docs/delivering.md section 2. Running again after a failure continues.
public struct Pusher: Sendable {
    private let bundle: OpenedBundle
    private let client: RegistryClient
    private let options: PushOptions
    private let listener: WorkListener

    /// A push of its parts.
    public init(_ bundle: OpenedBundle, client: RegistryClient, options: PushOptions, listener: WorkListener) {
        self.bundle = bundle
        self.client = client
        self.options = options
        self.listener = listener
    }

    /// Asks the registry what it has; changes nothing.
    ///
    /// - Parameters:
    ///   - groups: As for a load.
    ///   - images: Only these, by reference or name; empty for all that the groups allow.
    /// - Returns: What would be sent.
    /// - Throws: `DeliveryError`, `RegistryError` or `LoadError`.
    public func plan(groups: Set<String>, images: [Reference]) async throws -> PushPlan {
        let images = try bundle.images(groups: groups, only: images, platform: nil)
        return try await PushPlanner(client: client, options: options).plan(images)
    }

    /// Does what a plan says.
    ///
    /// - Returns: How many bytes were mounted.
    /// - Throws: `RegistryError`; `DeliveryError` with code `sparse` when the registry wants whole indexes.
    public func push(_ plan: PushPlan) async throws -> Int64 {
        listener.phase("push", plan.bytesToSend)
        try bundle.reader.expect(
            plan.blobs.compactMap { if case .layer(let layer) = $0.content { layer } else { nil } })
        let mounted = try await withThrowingTaskGroup(of: Int64.self) { group in
            var mounted: Int64 = 0
            for (position, blob) in plan.blobs.enumerated() {
                if position >= options.jobs { mounted += try await group.next() ?? 0 }
                group.addTask { try await push(blob) }
            }
            while let more = try await group.next() { mounted += more }
            return mounted
        }
        // Whoever finds an image by its tag finds at once what points to it.
        for step in plan.steps where !step.isPresent && step.image.subject != nil { try await push(step) }
        for list in plan.lists { try await push(list) }
        for step in plan.steps where !step.isPresent && step.image.subject == nil { try await push(step) }
        return mounted
    }

    /// Sends a blob once, and mounts it from there into the other repositories.
    ///
    /// - Returns: How many bytes were mounted.
    private func push(_ blob: PushBlob) async throws -> Int64 {
        var source = blob.present.first?.repository
        var mounted: Int64 = 0
        for repository in blob.missing {
            let isMounted =
                switch blob.content {
                case .layer(let layer):
                    try await client.push(
                        blob.descriptor, to: repository, mountingFrom: source, progress: listener.advance
                    ) { BlobStream(layer: layer, reader: bundle.reader) }
                case .document(let document):
                    try await client.push(
                        blob.descriptor, to: repository, mountingFrom: source, progress: listener.advance
                    ) { OnePiece(bytes: document.bytes) }
                }
            if isMounted { mounted += blob.descriptor.size }
            source = source ?? repository.repository
        }
        return mounted
    }

    /// Adds referrers to the list under a tag, where the registry does not keep such lists itself.
    private func push(_ list: PushList) async throws {
        guard try await client.referrersByAPI(of: list.subject, in: list.repository) == nil else { return }
        let tag = ReferrerTag.list(of: list.subject)
        let there = try await client.taggedReferrers(of: list.subject, in: list.repository)
        let document: TargetImage.Document?
        do throws(OCIError) {
            let index = try there.map(ReferrerIndex.init(parsing:)) ?? ReferrerIndex()
            document = try index.adding(list.documents)
        } catch {
            throw RegistryError(
                .refused,
                "listing what points to \(list.repository.name)@\(list.subject): \(tag) cannot be used as the list: "
                    + "\(error.message); remove that tag", cause: error)
        }
        guard let document else { return }
        try await client.push(document.descriptor, document.bytes, to: list.repository, tag: tag)
    }

    /// Puts manifests, children before their index, and tags last.
    private func push(_ step: PushStep) async throws {
        if !step.hasManifests {
            for instance in step.image.instances
            where instance.manifest.descriptor.digest != step.root.descriptor.digest {
                try await client.push(
                    instance.manifest.descriptor, instance.manifest.bytes, to: step.repository, tag: nil)
            }
        }
        let tags = step.names.filter { $0.action == .set }.compactMap(\.reference.tag)
        do throws(RegistryError) {
            if tags.isEmpty {
                try await client.push(step.root.descriptor, step.root.bytes, to: step.repository, tag: nil)
            }
            for tag in tags {
                try await client.push(step.root.descriptor, step.root.bytes, to: step.repository, tag: tag)
            }
        } catch {
            guard error.code == .refused, step.root.descriptor.mediaType.isIndex else { throw error }
            throw DeliveryError(
                .sparse,
                "\(error.message); it may want all platforms of an index: push with --sparse platform, or build the bundle with all of them"
            )
        }
    }
}

/// A document's bytes as they are asked for.
private struct OnePiece: AsyncSequence, Sendable {
    let bytes: [UInt8]

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes) }

    struct Iterator: AsyncIteratorProtocol {
        var bytes: [UInt8]?

        mutating func next() async throws -> [UInt8]? { bytes.take() }
    }
}
