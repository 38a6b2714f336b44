//! The time stamps beside a log: each is of a beginning of this very log, and stands where its time belongs.

use std::path::Path;

use mohur_attest::timestamp::{Hash, Imprint, Stamp, Token, TokenError};
use mohur_chain::Anchors;
use mohur_journal::{Log, ReadError};
use mohur_transparency::Checkpoint;
use mohur_wire::Timestamp;

use crate::receipt::{ReceiptProblem, is_beginning};

/// Why a time stamp and a log do not go together.
#[derive(Debug, thiserror::Error)]
pub enum StampProblem {
    /// It cannot be read, or its checkpoint is not the log's.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The authority's word does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The log is not the one that was stamped.
    #[error(transparent)]
    History(#[from] ReceiptProblem),
    /// An entry claims a later time than the stamp that covers it.
    #[error(
        "entry {entry} says {at}, but the authority saw it at {stamped} already: a clock was wrong, or the entry lies"
    )]
    Later {
        /// Its index.
        entry: u64,
        /// Its time.
        at: Timestamp,
        /// The time of the stamp.
        stamped: Timestamp,
    },
}

/// What a good time stamp says.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// How many entries it covers.
    pub size: u64,
    /// The authority's word.
    pub stamp: Stamp,
}

/// Verifies the time stamp in the file `path`. Entries may be `tolerance` seconds younger than the stamp that covers them.
pub fn check_time_stamp(log: &Log, path: &Path, anchors: &Anchors, tolerance: i64) -> Result<Stamped, StampProblem> {
    let stamped = log.time_stamp(path)?;
    let token = Token::from_reply(&stamped.answer)?;
    let imprint = Imprint::of(token.hash().unwrap_or(Hash::Sha256), stamped.note.as_bytes());
    let stamp = token.verify(&imprint, anchors)?;
    let (current, _) = log.checkpoint()?;
    is_beginning(log, &stamped.checkpoint, &current)?;
    not_later(log, &stamped.checkpoint, stamp.time, tolerance)?;
    Ok(Stamped { size: stamped.checkpoint.size, stamp })
}

/// The last entry that a checkpoint covers is not younger than the stamp.
fn not_later(log: &Log, checkpoint: &Checkpoint, stamped: Timestamp, tolerance: i64) -> Result<(), StampProblem> {
    let Some(entry) = checkpoint.size.checked_sub(1) else { return Ok(()) };
    let at = log.entry(entry, checkpoint.size)?.leaf.at;
    if at.as_second().saturating_sub(stamped.as_second()) > tolerance {
        return Err(StampProblem::Later { entry, at, stamped });
    }
    Ok(())
}
