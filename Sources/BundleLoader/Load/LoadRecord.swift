import BundleFormat
import DurableFiles
import Engines
import OCI

/// What is written down about a load's progress: the journal for the next run, the markers for other units.
struct LoadRecord {
    let journal: Journal
    let markers: ReadyMarkers?
    let statement: Digest
    /// Whose bundle it is, as `product/channel`.
    let owner: String

    /// Marks what is there, and unmarks what is missing.
    func planned(_ plan: LoadPlan) throws(LoadError) {
        guard let markers else { return }
        for step in plan.steps {
            if step.isPresent { try markers.mark(step.markers) } else { try markers.unmark(step.markers) }
        }
    }

    /// Writes down what is going to be loaded; returns when that is durable.
    func intend(_ steps: [LoadStep]) throws(LoadError) {
        for step in steps { try journal.write(entry(.intent, step)) }
    }

    /// Writes down that the bundle needs what loads of others brought.
    func share(_ plan: LoadPlan) throws(LoadError) {
        for step in plan.steps where step.isPresent { try journal.share(step.imageID, with: owner) }
    }

    /// Writes down that an image is durable and confirmed.
    func finished(_ step: LoadStep) throws(LoadError) {
        try journal.write(entry(.done, step))
        try markers?.mark(step.markers)
    }

    private func entry(_ stage: JournalEntry.Stage, _ step: LoadStep) -> JournalEntry {
        JournalEntry(
            stage: stage, load: step.intent, statement: statement, names: Set(step.contentNames), owners: [owner])
    }
}

extension LoadStep {
    /// Everything that the image is called.
    fileprivate var markers: [String] { [image.image.reference] + image.image.names.map(\.description) }

    fileprivate var intent: LoadIntent {
        // A registry counts the layers of all platforms, and of artifacts; its heal needs no chains.
        let diffIDs = image.instances.first?.diffIDs ?? []
        return LoadIntent(
            reference: image.image.reference, imageID: imageID, diffIDs: diffIDs,
            presentCount: min(presentCount, diffIDs.count))
    }
}
