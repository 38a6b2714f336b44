//! The formats and the mathematics of the transparency log; no I/O, no clock.
//!
//! Merkle trees of RFC 6962 / RFC 9162 and the formats of C2SP: `signed-note`, `tlog-checkpoint`, `tlog-tiles`, `tlog-proof`.
//! On top of them Möhür's own: the [`Leaf`] of an entry and the [`Receipt`] that travels beside an answer.

pub mod checkpoint;
pub mod intent;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod tile;
pub mod tree;

#[cfg(test)]
mod testing;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use intent::{ExpectedIntent, ExpectedOutcome};
pub use leaf::{Kind, Leaf, LeafError};
pub use merkle::{MerkleError, Nodes, leaf_hash};
pub use note::{LogKey, NoteError, NoteSigner, Retired};
pub use proof::{ProofError, TlogProof};
pub use receipt::{Receipt, ReceiptError, VerifiedReceipt};
pub use tree::{Head, Tree};
