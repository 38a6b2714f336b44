//! A few entries, each shown only after it is proven to be in the log.

use std::collections::VecDeque;

use mohur_journal::{Entry, Log, ReadError};
use mohur_transparency::merkle::verify_inclusion;
use mohur_transparency::{Checkpoint, Head, leaf_hash};

/// Why entries cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The log cannot be read, or its checkpoint cannot be trusted.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The entry is not in the tree that the checkpoint signs.
    #[error("entry {entry} is not in the tree that the checkpoint signs: it was changed")]
    Unproven {
        /// Index of the entry.
        entry: u64,
    },
}

/// The last `most` entries, oldest first; with `id` only those of that message and, for a bundle, of its legs.
pub fn select(log: &Log, id: Option<&str>, most: usize) -> Result<(Checkpoint, Vec<Entry>), SelectError> {
    let (checkpoint, _) = log.checkpoint()?;
    let size = checkpoint.size;
    let first = if id.is_some() { 0 } else { size.saturating_sub(most as u64) };
    let mut found = VecDeque::new();
    for entry in log.entries(first, size) {
        let entry = entry?;
        if id.is_none_or(|id| is_of(&entry, id)) {
            found.push_back(entry);
            if found.len() > most {
                found.pop_front();
            }
        }
    }
    let tiles = log.tiles(size);
    let head = Head::new(&tiles, size)?;
    for entry in &found {
        let proof = head.inclusion(&tiles, entry.index)?;
        verify_inclusion(entry.index, size, &leaf_hash(entry.text.as_bytes()), &proof, &checkpoint.root)
            .map_err(|_| SelectError::Unproven { entry: entry.index })?;
    }
    Ok((checkpoint, found.into()))
}

/// Whether the entry is of the message `id`, or of a leg of the bundle `id`.
fn is_of(entry: &Entry, id: &str) -> bool {
    let own = entry.leaf.id.as_ref().and_then(|own| own.as_str().strip_prefix(id));
    own.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
