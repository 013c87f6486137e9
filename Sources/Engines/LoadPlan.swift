public import BundleFormat
public import OCI

/// What a load is going to do, in order.
public struct LoadPlan: Sendable {
    /// The steps in loading order; those of one batch may be sent together.
    public let batches: [[LoadStep]]
    /// The room that the engine's storage needs, at its highest.
    public let room: Room

    /// Room on a volume.
    public struct Room: Sendable, Hashable {
        /// Bytes.
        public var bytes: Int64
        /// Files and directories; an estimate where only the contents of layers could tell.
        public var inodes: Int64

        /// Room of its parts.
        public init(bytes: Int64, inodes: Int64) {
            self.bytes = bytes
            self.inodes = inodes
        }
    }

    /// A plan of its parts.
    public init(batches: [[LoadStep]], room: Room) {
        self.batches = batches
        self.room = room
    }

    /// A plan with a batch for each priority.
    init(byPriority steps: [LoadStep], room: Room) {
        var batches: [[LoadStep]] = []
        for step in steps {
            if batches.last?.last?.image.image.priority == step.image.image.priority {
                batches[batches.count - 1].append(step)
            } else {
                batches.append([step])
            }
        }
        self.init(batches: batches, room: room)
    }

    /// All steps in loading order.
    public var steps: [LoadStep] { batches.flatMap(\.self) }

    /// The bytes that all steps will send.
    var bytesToSend: Int64 { steps.reduce(0) { $0 + $1.bytesToSend } }
}

/// What is to be done for one image.
public struct LoadStep: Sendable {
    /// The image.
    public let image: TargetImage
    /// The digest that the engine knows the image by: of the config in docker, of the root in a registry.
    public let imageID: Digest
    /// The layers that will be sent, lowest first; each once, also where the image has it twice.
    public let missing: [BundleLayer]
    /// How many layers are present: the lowest ones of a docker image, and in a registry distinct ones of all platforms.
    public let presentCount: Int
    /// Whether image, layers and names are there already, so that there is nothing to do.
    public let isPresent: Bool
    /// The bytes that will be sent, framing included.
    public let bytesToSend: Int64
    /// What becomes of each name.
    public let names: [Name]
    /// Why the image cannot be held and is left out; nil when it can.
    public let skipReason: String?

    /// What becomes of a name.
    public struct Name: Sendable {
        /// The name.
        public let reference: Reference
        /// What becomes of it.
        public let action: Action

        /// What becomes of a name.
        public enum Action: Sendable, Hashable {
            /// It points to the image already.
            case present
            /// It will point to the image.
            case set
            /// It points elsewhere and stays so, as the image's policy says.
            case keep
            /// The engine cannot hold such a name; why.
            case unsupported(String)
        }

        /// A name of its parts.
        public init(_ reference: Reference, _ action: Action) {
            self.reference = reference
            self.action = action
        }
    }

    /// A step of its parts.
    public init(
        image: TargetImage, imageID: Digest, missing: [BundleLayer], presentCount: Int, isPresent: Bool,
        bytesToSend: Int64, names: [Name], skipReason: String? = nil
    ) {
        self.image = image
        self.imageID = imageID
        self.missing = missing
        self.presentCount = presentCount
        self.isPresent = isPresent
        self.bytesToSend = bytesToSend
        self.names = names
        self.skipReason = skipReason
    }
}
