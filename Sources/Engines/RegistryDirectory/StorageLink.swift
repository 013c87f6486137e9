import OCI

/// A small file that holds nothing but a digest, and so makes a blob part of a repository, or gives it a tag.
///
/// Spec: the distribution registry's storage layout, version 2.
struct StorageLink: Hashable, Sendable {
    /// The folder that holds the file `link`, relative to the storage's root directory.
    let folder: String
    /// What it points to.
    let digest: Digest

    /// The name of each link in its folder.
    static let fileName = "link"

    /// Lets a repository give out a layer or a config.
    static func layer(_ digest: Digest, in repository: String) -> StorageLink {
        StorageLink(folder: "\(path(repository))/_layers/sha256/\(digest.hex)", digest: digest)
    }

    /// Lets a repository give out a manifest or an index.
    static func revision(_ digest: Digest, in repository: String) -> StorageLink {
        StorageLink(folder: "\(path(repository))/_manifests/revisions/sha256/\(digest.hex)", digest: digest)
    }

    /// Remembers that a tag points, or once pointed, to a manifest or an index.
    static func history(_ digest: Digest, tag: String, in repository: String) -> StorageLink {
        StorageLink(folder: "\(tagFolder(tag, in: repository))/index/sha256/\(digest.hex)", digest: digest)
    }

    /// Points a tag to a manifest or an index.
    static func tag(_ tag: String, in repository: String, _ digest: Digest) -> StorageLink {
        StorageLink(folder: "\(tagFolder(tag, in: repository))/current", digest: digest)
    }

    /// The bytes of the file: a line feed would make it unreadable for the registry.
    var content: [UInt8] { Array(digest.description.utf8) }

    /// The folder of all repositories, relative to the storage's root directory.
    static let repositories = "docker/registry/v2/repositories"

    /// The folder of a repository.
    static func path(_ repository: String) -> String { repositories + "/" + repository }

    /// The folder of a tag, with its history.
    static func tagFolder(_ tag: String, in repository: String) -> String {
        path(repository) + "/_manifests/tags/" + tag
    }
}
