//! A few entries, each shown only after it is proven to be in the log.

use std::collections::VecDeque;

use mohur_crypto::Digest;
use mohur_journal::{Entry, Log, ReadError};
use mohur_transparency::merkle::verify_inclusion;
use mohur_transparency::{Checkpoint, Head, leaf_hash};
use mohur_wire::{MemberId, Timestamp};

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

/// Which entries are wanted: those for which everything holds that is named.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of that message and, for a bundle, of its legs.
    pub id: Option<String>,
    /// Of whoever asked, or was to be asked.
    pub member: Option<MemberId>,
    /// Signed with the seal of that fingerprint.
    pub certificate: Option<Digest>,
    /// Not earlier than that.
    pub since: Option<Timestamp>,
}

impl Wanted {
    /// Whether every entry is wanted.
    pub const fn is_all(&self) -> bool {
        self.id.is_none() && self.member.is_none() && self.certificate.is_none() && self.since.is_none()
    }

    fn takes(&self, entry: &Entry) -> bool {
        let leaf = &entry.leaf;
        self.id.as_deref().is_none_or(|id| is_of(entry, id))
            && self.member.as_ref().is_none_or(|who| leaf.consumer == *who || leaf.provider.as_ref() == Some(who))
            && self.certificate.is_none_or(|seal| leaf.certificate == Some(seal))
            && self.since.is_none_or(|since| leaf.at >= since)
    }
}

/// The last `most` of the wanted entries, oldest first.
pub fn select(log: &Log, wanted: &Wanted, most: usize) -> Result<(Checkpoint, Vec<Entry>), SelectError> {
    let (checkpoint, _) = log.checkpoint()?;
    let size = checkpoint.size;
    let first = if wanted.is_all() { size.saturating_sub(most as u64) } else { 0 };
    let mut found = VecDeque::new();
    for entry in log.entries(first, size) {
        let entry = entry?;
        if wanted.takes(&entry) {
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
