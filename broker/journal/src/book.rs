//! What the log knows by heart: its tree, the running numbers, the intents without outcome.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_transparency::leaf::{Kind, Leaf};
use mohur_transparency::tree::MissingNode;
use mohur_transparency::{Checkpoint, Head, LogKey, NoteSigner, Tree, leaf_hash};
use mohur_wire::{MemberId, MessageId};

/// An intent is known by who asked and the message's id.
pub(crate) type IntentKey = (MemberId, MessageId);

/// The state after the last entry.
#[derive(Clone, Default)]
pub(crate) struct Book {
    pub(crate) tree: Tree,
    pub(crate) numbers: HashMap<MemberId, u64>,
    pub(crate) open: HashMap<IntentKey, Vec<u64>>,
    /// Bytes of all entries.
    pub(crate) bytes: u64,
    /// The signed checkpoint of this state.
    pub(crate) checkpoint: Arc<str>,
}

/// The entry has not the number that its consumer's last one calls for.
#[derive(Debug)]
pub(crate) struct OutOfSequence;

impl Book {
    /// The number of the consumer's next entry.
    pub(crate) fn next_number(&self, consumer: &MemberId) -> u64 {
        self.numbers.get(consumer).copied().unwrap_or(0)
    }

    /// Enters a leaf; gives its index and hash. Writing and recovering both come through here.
    pub(crate) fn enter(&mut self, leaf: &Leaf, text: &str) -> Result<(u64, Digest), OutOfSequence> {
        match self.numbers.get_mut(&leaf.consumer) {
            Some(next) if *next == leaf.seq => *next += 1,
            None if leaf.seq == 0 => drop(self.numbers.insert(leaf.consumer.clone(), 1)),
            Some(_) | None => return Err(OutOfSequence),
        }
        let hash = leaf_hash(text.as_bytes());
        let index = self.tree.push(hash);
        self.bytes += text.len() as u64;
        if let Some(id) = &leaf.id {
            self.pair(leaf.kind, (leaf.consumer.clone(), id.clone()), index);
        }
        Ok((index, hash))
    }

    /// An outcome closes the oldest open intent of the same consumer and id.
    fn pair(&mut self, kind: Kind, key: IntentKey, index: u64) {
        match kind {
            Kind::Intent => self.open.entry(key).or_default().push(index),
            Kind::Outcome => {
                if let Entry::Occupied(mut waiting) = self.open.entry(key) {
                    waiting.get_mut().remove(0);
                    if waiting.get().is_empty() {
                        waiting.remove();
                    }
                }
            }
            Kind::Refusal | Kind::Start | Kind::Directory | Kind::Policy | Kind::Key => {}
        }
    }

    /// Signs the state; gives the head from which proofs are made.
    pub(crate) fn sign(&mut self, key: &LogKey, signer: &dyn NoteSigner) -> Result<Head, MissingNode> {
        let head = self.tree.head()?;
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size: head.size(), root: head.root() };
        self.checkpoint = checkpoint.seal(key, signer).into();
        Ok(head)
    }

    /// Whether `checkpoint` is of this very state.
    pub(crate) fn is_at(&self, checkpoint: &Checkpoint) -> bool {
        self.tree.head().is_ok_and(|head| head.size() == checkpoint.size && head.root() == checkpoint.root)
    }
}
