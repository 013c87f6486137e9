import BundleFormat
public import BundleSpec
public import Console
import Cryptography
import DurableFiles
import OCI
public import Registry

/// From a specification and a lock to a signed bundle.
public struct Build: Sendable {
    private let specification: Specification
    private let options: BuildOptions
    private let cache: BuildCache
    private let progress: WorkListener

    /// A build of its parts; nothing is read yet.
    public init(
        specification: Specification, options: BuildOptions, cache: BuildCache, progress: WorkListener = .none
    ) {
        self.specification = specification
        self.options = options
        self.cache = cache
        self.progress = progress
    }

    /// Resolves every image of a specification to its digest.
    ///
    /// - Parameters:
    ///   - specification: What is wanted.
    ///   - environment: Where credentials, docker's configuration and daemon, and proxies are found.
    ///   - cache: Keeps what archives and daemons had to be read for, so that a build need not read them again.
    ///   - retry: How often and how soon a failed request is made again.
    /// - Returns: The lock.
    /// - Throws: `BuildError`, among others `notFound` and `source`.
    public static func lock(
        _ specification: Specification, environment: [String: String], cache: BuildCache? = nil,
        retry: RetryPolicy = RetryPolicy()
    ) async throws(BuildError) -> LockFile {
        try await withClient(specification, environment, retry) { client throws(BuildError) in
            try await Resolver(
                specification: specification, client: client, environment: environment, cache: cache
            ).lock()
        }
    }

    /// What a build with this lock would take, without pulling a layer.
    ///
    /// - Throws: `BuildError`.
    public func plan(_ lock: LockFile) async throws(BuildError) -> BuildPlan {
        try await withClient { client throws(BuildError) in
            let images = try await resolver(client).images(lock)
            return BuildPlan(images: images, cache: cache)
        }
    }

    /// Pulls the layers into the cache, verified, and writes nothing else.
    ///
    /// - Throws: `BuildError`.
    public func pull(_ lock: LockFile) async throws(BuildError) {
        try await withClient { client throws(BuildError) in
            let images = try await resolver(client).images(lock)
            let fetcher = LayerFetcher(cache: cache, jobs: options.jobs, progress: progress)
            var healed: Set<CacheDamage> = []
            while true {
                do throws(BuildError) {
                    _ = try await fetcher.fetch(images) {}
                    return
                } catch {
                    try heal(error, &healed)
                }
            }
        }
    }

    /// Builds the bundle.
    ///
    /// May be killed at any moment: the output is then what it was, and the next run takes up what the cache holds. An
    /// older bundle at the output is replaced in one step when the new one is whole and durable.
    ///
    /// - Throws: `BuildError`.
    public func run(_ lock: LockFile) async throws(BuildError) -> BuildResult {
        try await withClient { client throws(BuildError) in
            let images = try await resolver(client).images(lock)
            let output = try OutputDirectory(path: options.output)
            do throws(BuildError) {
                return try await make(images, in: output)
            } catch {
                // What was pulled and compressed is in the cache; on a full volume the room is needed.
                output.discard()
                throw error
            }
        }
    }

    /// Pulls and writes, and starts over when a part of the cache turned out to be damaged.
    private func make(_ images: [ResolvedImage], in output: OutputDirectory) async throws(BuildError) -> BuildResult {
        let fetcher = LayerFetcher(cache: cache, jobs: options.jobs, progress: progress)
        let ordered = images.enumerated()
            .sorted { ($0.element.entry.priority, $0.offset) < ($1.element.entry.priority, $1.offset) }.map(\.element)
        var healed: Set<CacheDamage> = []
        try output.clear()
        while true {
            do throws(BuildError) {
                let isFirst = healed.isEmpty
                let facts = try await fetcher.fetch(images) { () throws(BuildError) in
                    // Later most of the frames are there, and would be counted twice.
                    guard isFirst else { return }
                    try BuildPlan(images: images, cache: cache)
                        .checkSpace(cache: cache.directory, output: output.partial, isPacked: isPacked(ordered))
                }
                let search = EncoderSearch(cache: cache, jobs: options.jobs, progress: progress)
                return try await write(ordered, try await search.search(ordered, facts), to: output)
            } catch {
                try heal(error, &healed)
            }
        }
    }

    /// Returns when an error says that a part of the cache was damaged that was not so before in this build.
    private func heal(_ error: BuildError, _ healed: inout Set<CacheDamage>) throws(BuildError) {
        guard let damage = error.cause as? CacheDamage, healed.insert(damage).inserted else { throw error }
        progress.note("\(damage); it is made anew")
    }

    /// Whether the cache has all frames of a bundle of these images, in the order of packing.
    private func isPacked(_ images: [ResolvedImage]) -> Bool {
        var facts: [Digest: LayerFacts] = [:]
        let originals = ResolvedImage.originals(images)
        for layer in images.flatMap(\.layers) {
            guard let diffID = layer.diffID else { continue }
            guard let known = cache.layer(layer.descriptor.digest, diffID),
                !known.wantsEncoder || originals.contains(layer.descriptor.digest)
            else { return false }
            facts[layer.descriptor.digest] = known
        }
        return cache.hasLayout(packPlan(Self.layers(of: images, facts), facts).key)
    }

    private func resolver(_ client: RegistryClient) -> Resolver {
        Resolver(specification: specification, client: client, environment: options.environment, cache: cache)
    }

    private func withClient<Result: Sendable>(
        _ body: (RegistryClient) async throws(BuildError) -> Result
    ) async throws(BuildError) -> Result {
        try await Self.withClient(specification, options.environment, options.retry, body)
    }

    private static func withClient<Result: Sendable>(
        _ specification: Specification, _ environment: [String: String], _ retry: RetryPolicy,
        _ body: (RegistryClient) async throws(BuildError) -> Result
    ) async throws(BuildError) -> Result {
        let client = RegistryClient(
            access: specification.registries.mapValues(RegistryAccess.init), environment: environment, retry: retry)
        do throws(BuildError) {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func write(
        _ images: [ResolvedImage], _ facts: [Digest: LayerFacts], to output: OutputDirectory
    ) async throws(BuildError) -> BuildResult {
        let layers = Self.layers(of: images, facts)
        do {
            var writer = try BundleWriter(directory: output.partial, packLimit: options.packSize)
            for document in images.flatMap(\.documents) {
                try writer.add(document: document.bytes, document.descriptor)
            }
            let packer = Packer(cache: cache, plan: packPlan(layers, facts), jobs: options.jobs, progress: progress)
            let streams = try await packer.pack(into: &writer)
            progress.phase("sign", 0)
            let statement = try writer.finish(
                BundleWriter.Contents(
                    product: specification.product, channel: specification.channel, version: specification.version,
                    created: created(images), images: images.map(Self.bundleImage), layers: layers, streams: streams),
                keys: options.keys)
            let sizes = try BundleInventory(path: output.partial.path).sizes
            try output.publish()
            return BuildResult(
                statement: statement, imageCount: images.count { !$0.isReferrer },
                referrerCount: images.count(where: \.isReferrer), sizes: sizes)
        } catch {
            throw BuildError(error, doing: "writing the bundle \(options.output)")
        }
    }

    private func packPlan(_ layers: [BundleLayer], _ facts: [Digest: LayerFacts]) -> PackPlan {
        var seen: Set<Digest> = []
        let tars = Set(layers.filter { $0.stream == $0.diffID?.digest }.map(\.stream))
        // The same tar may be in several blobs.
        var streams: [PackPlan.Stream] = []
        for layer in layers {
            if seen.insert(layer.stream).inserted {
                streams.append(
                    PackPlan.Stream(
                        digest: layer.stream, size: layer.streamSize ?? facts[layer.digest]?.size ?? 0,
                        isTar: tars.contains(layer.stream), blob: FileSum(digest: layer.digest, size: layer.size)))
            }
            if case .corrected(let sum) = facts[layer.digest]?.gzip, layer.encoding == .corrected(sum.digest),
                seen.insert(sum.digest).inserted
            {
                streams.append(PackPlan.Stream(digest: sum.digest, size: sum.size, isTar: false, blob: sum))
            }
        }
        return PackPlan(streams: streams, level: options.level)
    }

    private func created(_ images: [ResolvedImage]) throws(BuildError) -> Timestamp {
        if let created = options.created { return created }
        guard let created = images.compactMap(\.created).max() ?? Timestamp(seconds: 0) else {
            preconditionFailure("1970 is a time")
        }
        return created
    }

    /// The layers of the bundle in the order in which they are packed.
    private static func layers(of images: [ResolvedImage], _ facts: [Digest: LayerFacts]) -> [BundleLayer] {
        var seen: Set<Digest> = []
        let originals = ResolvedImage.originals(images)
        return images.flatMap(\.layers).filter { seen.insert($0.descriptor.digest).inserted }.map { layer in
            let digest = layer.descriptor.digest
            let known = facts[digest]
            var stream = digest
            let encoding: BundleLayer.Encoding
            switch (known?.compression, known?.gzip) {
            case (.uncompressed, _): encoding = .identity
            case (_, .proved(let gzip)) where !originals.contains(digest):
                encoding = .gzip(gzip)
                stream = known?.diffID.digest ?? digest
            case (_, .corrected(let corrections)) where !originals.contains(digest):
                encoding = .corrected(corrections.digest)
                stream = known?.diffID.digest ?? digest
            case (let compression, _): encoding = .verbatim(compression)
            }
            return BundleLayer(
                digest: digest, size: layer.descriptor.size, diffID: known?.diffID, stream: stream, encoding: encoding)
        }
    }

    private static func bundleImage(_ image: ResolvedImage) -> BundleImage {
        let policy: BundleImage.TagPolicy =
            switch image.entry.tagPolicy {
            case .keep: .keep
            case .move: .move
            case .fail: .fail
            }
        return BundleImage(
            reference: image.entry.key, root: image.root.digest, manifests: image.manifests, names: image.entry.names,
            groups: image.entry.groups, priority: Int64(image.entry.priority), tagPolicy: policy)
    }
}

extension RegistryAccess {
    fileprivate init(_ settings: RegistrySettings) {
        var credentials: Credentials?
        if let username = settings.username, let password = settings.password {
            credentials = Credentials(username: username, password: password)
        }
        self.init(
            plainHTTP: settings.plainHTTP ? true : nil, insecureSkipTLSVerify: settings.insecureSkipTLSVerify,
            caFile: settings.caFile, certificate: settings.certificate, certificateKey: settings.certificateKey,
            credentials: credentials)
    }
}
