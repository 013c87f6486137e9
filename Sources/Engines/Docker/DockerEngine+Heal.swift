import Cryptography
public import OCI
import StrictJSON

extension DockerEngine {
    /// Removes images by their names and IDs without force, then chains that no image holds; see `Engine`.
    public func heal(
        _ intents: [LoadIntent], waiting wait: Duration = .zero, whileWaiting: () -> Void = {}
    ) async throws -> [Digest] {
        let stacks = doubtfulStacks(intents)
        guard !stacks.isEmpty else { return [] }
        let own = Set(intents.map(\.imageID))
        let deadline = ContinuousClock.now + wait
        var removed: [Digest] = []
        while true {
            removed += try removeImages(on: Set(stacks.map(\.chain)), own)
            guard let held = try removeOrphans(stacks) else { return removed }
            guard ContinuousClock.now < deadline else {
                throw EngineError(
                    .inUse,
                    "removing layers that an interrupted load of \(held.reference) left: the chain \(held.chain) is still there; remove the containers and the build cache that use it, or restart docker, and run again"
                )
            }
            // A daemon that had the whole archive works on without us: it holds the layers, and makes the image at the end.
            whileWaiting()
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Layers up to one whose chain cannot be believed.
    private struct Stack {
        let diffIDs: [DiffID]
        let chain: ChainID
        let reference: String
    }

    /// The highest first: what stands on others goes before them.
    private func doubtfulStacks(_ intents: [LoadIntent]) -> [Stack] {
        var stacks: [ChainID: Stack] = [:]
        for intent in intents {
            for (position, chain) in intent.chainsInDoubt {
                stacks[chain] = Stack(
                    diffIDs: Array(intent.diffIDs[...position]), chain: chain, reference: intent.reference)
            }
        }
        return stacks.values.sorted { ($0.diffIDs.count, $0.chain) > ($1.diffIDs.count, $1.chain) }
    }

    /// Removes the images that stand on one of these chains, with their names; those that were being loaded are named.
    private func removeImages(on chains: Set<ChainID>, _ own: Set<Digest>) throws -> [Digest] {
        var images: [StoredImage] = []
        let listed = try client.images()
        for id in listed.ids {
            do throws(EngineError) {
                guard let image = try client.image(id.description) else { continue }
                if ChainID.chains(of: image.diffIDs).contains(where: chains.contains) { images.append(image) }
            } catch {
                // After a power cut the daemon may list an image without being able to look at it.
                guard error.code == .refused, own.contains(id) else { throw error }
                let names = listed.names.filter { $0.value == id }.map(\.key.description)
                images.append(StoredImage(id: id, diffIDs: [], names: names))
            }
        }
        guard !images.isEmpty else { return [] }
        // Asked before a name is taken away: an image that is in use shall stay as it is.
        let containers = try client.containers()
        for image in images {
            if let container = containers[image.id] {
                throw EngineError(
                    .inUse,
                    "removing image \(Self.title(image)), which an interrupted load left incomplete: the container \(container) uses it; remove the container and run again"
                )
            }
        }
        // An image that was built upon another one here goes first; the daemon knows which.
        var left = images
        while !left.isEmpty {
            var kept: [StoredImage] = []
            var complaint: EngineError?
            for image in left {
                do throws(EngineError) { try remove(image) } catch {
                    guard error.code == .inUse else { throw error }
                    complaint = error
                    kept.append(image)
                }
            }
            if let complaint, kept.count == left.count { throw complaint }
            left = kept
        }
        return images.map(\.id)
    }

    private func remove(_ image: StoredImage) throws(EngineError) {
        // By its ID an image with several names goes only by force, which would ignore containers too.
        for name in image.names { try delete(name, of: image) }
        try delete(image.id.description, of: image)
    }

    private func delete(_ name: String, of image: StoredImage) throws(EngineError) {
        do throws(EngineError) { try client.removeImage(name) } catch {
            guard error.code == .inUse else { throw error }
            throw EngineError(
                .inUse,
                "removing image \(Self.title(image)), which an interrupted load left incomplete: \(error.message); remove what uses it and run again"
            )
        }
    }

    private static func title(_ image: StoredImage) -> String {
        image.names.first.map { "\($0) (\(image.id))" } ?? image.id.description
    }

    /// Removes chains that no image stands on, where there are such.
    ///
    /// - Returns: The first that is still there afterwards.
    private func removeOrphans(_ stacks: [Stack]) throws -> Stack? {
        for stack in stacks {
            try Task.checkCancellation()
            guard try takeUp(stack) else { continue }
            // Podman makes a chain anew when it has each of its layers anywhere, so that asking again tells nothing.
            guard host.product == .docker else { continue }
            // A layer of no bytes is made by being asked for, and cannot be wrong.
            guard stack.diffIDs.last?.digest != SHA256Hasher.digest(of: []) else { continue }
            if try takeUp(stack) { return stack }
        }
        return nil
    }

    /// Loads an image of nothing but layers that must be there, and removes it; with it go those that nothing else holds.
    ///
    /// - Returns: Whether the layers were there.
    private func takeUp(_ stack: Stack) throws -> Bool {
        let comment = "a probe of bundle-firstboot for layers that an interrupted load left; may be removed"
        let config = JSONWriter.canonical(
            .object([
                "architecture": .string(host.platform.architecture), "os": .string(host.platform.os),
                "comment": .string(comment), "config": .object([:]),
                "history": .array(stack.diffIDs.map { _ in .object(["comment": .string(comment)]) }),
                "rootfs": .object(["type": .string("layers"), "diff_ids": .strings(stack.diffIDs.map(\.description))]),
            ]))
        let archive = ImageArchive(config: config, presentLayers: stack.diffIDs)
        do {
            try unsafe client.load(size: archive.size, progress: { _ in }) { try unsafe archive.write(nil, $0) }
        } catch let error as EngineError where error.isMissingLayer {
            return false
        }
        let id = SHA256Hasher.digest(of: config)
        let response = try client.request("DELETE", "/images/\(id)?noprune=1")
        try client.check(response, "removing the probe \(id)")
        return true
    }
}

extension EngineError {
    /// Whether a daemon took a layer of length zero for what it is, since it does not have that layer.
    fileprivate var isMissingLayer: Bool {
        code == .refused && (message.contains("invalid diffID") || message.contains("Digest did not match"))
    }
}
