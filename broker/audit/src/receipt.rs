//! A saved receipt, and an earlier checkpoint, against a log.

use mohur_journal::{Log, ReadError};
use mohur_transparency::merkle::root;
use mohur_transparency::{Checkpoint, Receipt, ReceiptError, VerifiedReceipt};

/// Why a receipt and a log do not go together.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptProblem {
    /// The receipt proves nothing, whatever the log says.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The copy of the log is older than the receipt.
    #[error(
        "the receipt is of a log of {receipt} entries, but this copy has {log}: it is older, or entries were removed"
    )]
    Newer {
        /// Entries that the receipt's checkpoint signs.
        receipt: u64,
        /// Entries of the log.
        log: u64,
    },
    /// The log signed two histories.
    #[error("the log has signed another history of {size} entries than this one: its receipt contradicts the folder")]
    SplitView {
        /// Size of the tree with two roots.
        size: u64,
    },
    /// The entry at that place is another one.
    #[error("entry {entry} of the log is not the receipt's")]
    Entry {
        /// Index of the entry.
        entry: u64,
    },
}

/// Verifies a receipt by itself and against the log: the same entry at the same place, in one history.
pub fn check_receipt(log: &Log, receipt: &Receipt) -> Result<VerifiedReceipt, ReceiptProblem> {
    let verified = receipt.verify(log.key())?;
    let (current, _) = log.checkpoint()?;
    let entry = verified.index();
    is_beginning(log, verified.checkpoint(), &current)?;
    if log.entry(entry, current.size)?.text != receipt.leaf {
        return Err(ReceiptProblem::Entry { entry });
    }
    Ok(verified)
}

/// Verifies that the log as `earlier` signs it is a beginning of the log as it is `current`ly signed.
pub fn is_beginning(log: &Log, earlier: &Checkpoint, current: &Checkpoint) -> Result<(), ReceiptProblem> {
    if earlier.size > current.size {
        return Err(ReceiptProblem::Newer { receipt: earlier.size, log: current.size });
    }
    let tiles = log.tiles(current.size);
    let same = root(&tiles, current.size)? == current.root && root(&tiles, earlier.size)? == earlier.root;
    if same { Ok(()) } else { Err(ReceiptProblem::SplitView { size: earlier.size }) }
}
