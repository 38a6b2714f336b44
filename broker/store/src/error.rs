//! Why the store fails.

use std::path::PathBuf;
use std::sync::Arc;

/// The store could not be read or written. Nothing that was not acknowledged may be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("{path}: {reason}; another process may hold it, or it is damaged")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        reason: Arc<str>,
    },
    /// Reading or writing failed. After a failed write the store takes no more.
    #[error("the store failed: {0}; look at the disk that holds it, and start the process again")]
    Failed(Arc<str>),
    /// The key is longer than [`MAX_KEY`](crate::MAX_KEY).
    #[error("the key is longer than 512 bytes")]
    KeyTooLong,
}

impl StoreError {
    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string().into())
    }
}
