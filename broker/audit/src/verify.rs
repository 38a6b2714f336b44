//! Every entry, every tile, every running number, against the signed root.

use std::collections::{BTreeMap, HashMap};

use mohur_crypto::Digest;
use mohur_journal::{Log, ReadError};
use mohur_transparency::tree::{Finished, TILE_WIDTH};
use mohur_transparency::{Checkpoint, Kind, Leaf, Tree, leaf_hash};
use mohur_wire::{MemberId, MessageId, Timestamp};

use crate::report::{OpenIntent, Report};

/// How strictly to look, and whom to tell how far it is.
pub struct Options<'a> {
    /// Seconds by which an entry may be older than the one before it: outcomes are logged when they come.
    pub tolerance_seconds: i64,
    /// Called after every bundle with the entries done and the entries there are.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// Verifies a whole log. An error means that its checkpoint cannot be trusted, so that there is nothing to verify against;
/// whatever else is wrong stands in the report.
pub fn verify<'a>(log: &'a Log, options: Options<'a>) -> Result<Report, ReadError> {
    let (checkpoint, _) = log.checkpoint()?;
    let report = Report {
        origin: checkpoint.origin.clone(),
        entries: checkpoint.size,
        root: checkpoint.root.to_string(),
        ..Report::default()
    };
    let mut walk = Walk { log, checkpoint, report, tree: Tree::default(), story: Story::default(), options };
    walk.bundles();
    walk.edge();
    let open = std::mem::take(&mut walk.story.open);
    let mut report = walk.report;
    report.open_intents = in_order(open);
    Ok(report)
}

struct Walk<'a> {
    log: &'a Log,
    checkpoint: Checkpoint,
    report: Report,
    tree: Tree,
    story: Story,
    options: Options<'a>,
}

/// What the entries tell, read in order.
#[derive(Default)]
struct Story {
    numbers: HashMap<MemberId, u64>,
    open: HashMap<(MemberId, MessageId), Vec<OpenIntent>>,
    latest: Option<Timestamp>,
}

impl Walk<'_> {
    fn bundles(&mut self) {
        let size = self.checkpoint.size;
        for index in 0..size.div_ceil(TILE_WIDTH as u64) {
            let first = index * TILE_WIDTH as u64;
            match self.log.bundle(index, size) {
                Ok(entries) => self.bundle(index, first, &entries),
                Err(error) => {
                    // Without these entries no root can be computed: the hashes of the tile stand in, and say so.
                    self.report.problem(first, format!("entries from {first} on cannot be read: {error}"));
                    for hash in self.log.hashes(0, index, size).unwrap_or_default() {
                        self.tree.push(hash);
                    }
                }
            }
            for finished in self.tree.take_finished() {
                self.full_tile(&finished);
            }
            (self.options.progress)(size.min(first + TILE_WIDTH as u64), size);
        }
    }

    fn bundle(&mut self, index: u64, first: u64, entries: &[Vec<u8>]) {
        let hashes = match self.log.hashes(0, index, self.checkpoint.size) {
            Ok(hashes) => hashes,
            Err(error) => {
                self.report
                    .problem(first, format!("the hashes of the entries from {first} on cannot be read: {error}"));
                Vec::new()
            }
        };
        let mut hashes = hashes.into_iter();
        for (entry, text) in (first..).zip(entries) {
            let hash = leaf_hash(text);
            if hashes.next().is_some_and(|expected| expected != hash) {
                self.report
                    .problem(entry, format!("entry {entry} is not the one whose hash is in the tree: it was changed"));
            }
            self.tree.push(hash);
            match Leaf::parse(text) {
                Ok(leaf) => self.leaf(entry, leaf),
                Err(error) => self.report.problem(entry, format!("entry {entry}: {error}")),
            }
        }
    }

    fn leaf(&mut self, entry: u64, leaf: Leaf) {
        self.report.count(leaf.kind, leaf.consumer.as_str());
        let next = self.story.numbers.entry(leaf.consumer.clone()).or_default();
        if leaf.seq != *next {
            let (consumer, seq, expected) = (&leaf.consumer, leaf.seq, *next);
            self.report.problem(
                entry,
                format!("entry {entry} has the number {seq} of {consumer}, but its next one is {expected}"),
            );
        }
        *next = leaf.seq.saturating_add(1);
        self.time(entry, leaf.at);
        self.pair(entry, leaf);
    }

    fn time(&mut self, entry: u64, at: Timestamp) {
        if self.report.first_at.is_none() {
            self.report.first_at = Some(format!("{at:.3}"));
        }
        match self.story.latest {
            Some(latest) if at <= latest => {
                if latest.as_second() - at.as_second() > self.options.tolerance_seconds {
                    self.report.problem(
                        entry,
                        format!("entry {entry} is of {at:.3}, long before {latest:.3} of an earlier one"),
                    );
                }
            }
            Some(_) | None => {
                self.story.latest = Some(at);
                self.report.last_at = Some(format!("{at:.3}"));
            }
        }
    }

    fn pair(&mut self, entry: u64, leaf: Leaf) {
        let at = format!("{:.3}", leaf.at);
        let Some(id) = leaf.id else { return };
        let key = (leaf.consumer, id);
        match leaf.kind {
            Kind::Intent => {
                let open = OpenIntent { entry, consumer: key.0.to_string(), id: key.1.to_string(), at };
                self.story.open.entry(key).or_default().push(open);
            }
            Kind::Outcome => {
                if let Some(waiting) = self.story.open.get_mut(&key) {
                    waiting.remove(0);
                    if waiting.is_empty() {
                        self.story.open.remove(&key);
                    }
                }
            }
            Kind::Refusal | Kind::Start | Kind::Directory | Kind::Policy | Kind::Key => {}
        }
    }

    /// Compares a tile above the leaves with its file; those of level 0 were compared entry by entry.
    fn full_tile(&mut self, finished: &Finished) {
        if finished.level > 0 {
            self.tile(finished.level, finished.index, finished.tile.hashes());
        }
    }

    fn tile(&mut self, level: u32, index: u64, hashes: &[Digest]) {
        let span = (TILE_WIDTH as u64).checked_pow(level).unwrap_or(u64::MAX);
        match self.log.hashes(level, index, self.checkpoint.size) {
            Ok(stored) => {
                let differing = stored.iter().zip(hashes).position(|(stored, computed)| stored != computed);
                if let Some(place) = differing {
                    let first = (index * TILE_WIDTH as u64 + place as u64) * span;
                    let last = first + span - 1;
                    self.report.problem(
                        None,
                        format!("tile {index} of level {level} does not fit the entries {first} to {last}"),
                    );
                }
            }
            Err(error) => self.report.problem(None, format!("tile {index} of level {level} cannot be read: {error}")),
        }
    }

    /// The partial tiles on the right edge, and at last the root.
    fn edge(&mut self) {
        let size = self.checkpoint.size;
        let edge: Vec<(u32, Vec<Digest>)> =
            (0u32..).zip(self.tree.edge()).skip(1).map(|(level, tile)| (level, tile.hashes().to_vec())).collect();
        for (level, hashes) in edge.into_iter().filter(|(_, hashes)| !hashes.is_empty()) {
            self.tile(level, size.checked_shr(8 * (level + 1)).unwrap_or(0), &hashes);
        }
        let computed = self.tree.head().map(|head| head.root());
        if self.tree.size() != size || computed != Ok(self.checkpoint.root) {
            self.report.problem(None, "the entries do not lead to the root that the checkpoint signs".to_owned());
        }
    }
}

fn in_order(open: HashMap<(MemberId, MessageId), Vec<OpenIntent>>) -> Vec<OpenIntent> {
    let by_entry: BTreeMap<u64, OpenIntent> =
        open.into_values().flatten().map(|intent| (intent.entry, intent)).collect();
    by_entry.into_values().collect()
}
