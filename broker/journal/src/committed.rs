//! An entry that is in the log for good.

use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_crypto::commitment::Opening;
use mohur_transparency::{Receipt, proof};

/// An entry that is durable, with all that proves it.
#[derive(Clone)]
pub struct Committed {
    pub(crate) index: u64,
    pub(crate) leaf: String,
    pub(crate) leaf_hash: Digest,
    pub(crate) openings: Vec<(&'static str, Opening)>,
    pub(crate) path: Vec<Digest>,
    pub(crate) checkpoint: Arc<str>,
}

impl Committed {
    /// Its index in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The entry's text.
    pub fn leaf(&self) -> &str {
        &self.leaf
    }

    /// The entry's hash.
    pub const fn leaf_hash(&self) -> Digest {
        self.leaf_hash
    }

    /// The signed checkpoint that covers it.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// What opens the commitment under `tag`.
    pub fn opening(&self, tag: &str) -> Option<Opening> {
        self.openings.iter().find(|(known, _)| *known == tag).map(|(_, opening)| *opening)
    }

    /// The receipt that opens the commitment under `tag`; one that opens nothing if there is no such commitment.
    pub fn receipt(&self, tag: &str) -> Receipt {
        let opening = self.opening(tag).map(|opening| (tag, opening));
        Receipt::new(self.leaf.clone(), opening, proof::text(self.index, &self.path, &self.checkpoint))
    }
}

impl std::fmt::Debug for Committed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Committed").field("index", &self.index).field("leaf", &self.leaf).finish_non_exhaustive()
    }
}
