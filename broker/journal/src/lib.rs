//! The append-only log of a broker or a host: entries, tiles, checkpoints, recovery.
//!
//! A folder holds the public log in the layout of C2SP tlog-tiles (`checkpoint`, `tile/…`) and, beside it, `staging/`, which
//! is the writer's own: preallocated segments, a snapshot of the state and the lock.
//!
//! One thread writes. It takes whatever waits, numbers it, extends the tree, signs the checkpoint, writes one record that
//! holds both entries and checkpoint, and calls fdatasync once; only then are tiles written and the waiters let go. The tiles
//! and the checkpoint file are made from the record by the code that also recovers from it, so they need no fsync of their
//! own until the record's segment is retired.

mod book;
mod committed;
mod draft;
mod error;
mod files;
mod journal;
mod keeper;
mod reader;
mod record;
mod recovery;
mod segment;
mod settings;
mod shelf;
mod snapshot;
mod stamps;
mod writer;

#[cfg(test)]
mod tests;

pub use committed::Committed;
pub use draft::Draft;
pub use error::{JournalError, OpenError};
pub use journal::{Journal, Orphan, Recovery};
pub use reader::{Entry, Log, ReadError};
pub use settings::Settings;
pub use stamps::Stamped;
