//! Why metadata or a file is refused.

use std::path::{Path, PathBuf};

use mohur_wire::Timestamp;

use crate::source::SourceError;

/// Why an update is refused. What was good before stays.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// It cannot be fetched.
    #[error("{file}: {reason}")]
    Source {
        /// Which file.
        file: String,
        /// Why.
        reason: SourceError,
    },
    /// It is not there.
    #[error("{file} is not there: the repository is incomplete, or this is not its address")]
    Missing {
        /// Which file.
        file: String,
    },
    /// Not metadata of that role.
    #[error("{role}: not metadata of this role: {reason}")]
    Malformed {
        /// Which role.
        role: String,
        /// What is wrong.
        reason: String,
    },
    /// Not enough good signatures.
    #[error(
        "{role}: {found} of its keys signed, and it needs {needed}: it was not signed by enough of those who may, or was changed since"
    )]
    Threshold {
        /// Which role.
        role: String,
        /// How many distinct keys signed.
        found: usize,
        /// How many must.
        needed: u64,
    },
    /// An older version than one seen before.
    #[error("{role}: version {found} is offered, but {seen} was seen before: someone replays an old one")]
    Rollback {
        /// Which role or file.
        role: String,
        /// The version offered.
        found: u64,
        /// The highest seen.
        seen: u64,
    },
    /// Expired.
    #[error("{role} expired at {at}: the repository was not kept up, or someone holds newer metadata back")]
    Expired {
        /// Which role.
        role: String,
        /// When.
        at: Timestamp,
    },
    /// Not the file that signed metadata names.
    #[error(
        "{file}: its {what} is not what the signed metadata names: files of different versions are mixed, or it was changed"
    )]
    Mismatch {
        /// Which file.
        file: String,
        /// Version, length or digest.
        what: &'static str,
    },
    /// The metadata above does not name it.
    #[error("{file} is not named by the metadata above it")]
    Unlisted {
        /// Which file.
        file: String,
    },
    /// Beyond a limit.
    #[error("{what}: more than {limit}, which is the limit")]
    Limit {
        /// What there is too much of.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The state folder.
    #[error("{}: {reason}", path.display())]
    State {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state was gathered under another root.
    #[error("{}: the state comes from another root than the pinned one; if the pinned root is the right one, remove the folder", path.display())]
    OtherRoot {
        /// The state folder.
        path: PathBuf,
    },
    /// Signing failed.
    #[error(transparent)]
    Seal(#[from] mohur_seal::SealError),
}

impl TufError {
    pub(crate) fn malformed(role: &str, reason: impl Into<String>) -> Self {
        Self::Malformed { role: role.to_owned(), reason: reason.into() }
    }

    pub(crate) fn state(path: &Path, reason: &impl std::fmt::Display) -> Self {
        Self::State { path: path.to_owned(), reason: reason.to_string() }
    }
}
