//! Why the log cannot be opened, and why an entry is not logged.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why an entry was not logged. Nothing may be released without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// No room; nothing was written. It may pass when room is made.
    #[error("the log is full: {0}; make room on its disk, entries are refused until then")]
    Full(Arc<str>),
    /// The log is closed for good: the process must end and recover at its next start.
    #[error("the log has failed and takes no more entries: {0}; stop the process, see to the disk, start it again")]
    Failed(Arc<str>),
    /// The log was closed in good order.
    #[error("the log is closed")]
    Closed,
    /// The entry has more than 65535 bytes.
    #[error("the entry is longer than 65535 bytes")]
    TooLong,
    /// The published log cannot be read.
    #[error("the log cannot be read: {0}")]
    Unreadable(Arc<str>),
}

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{0}: another process writes this log; stop it first")]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The name of the log cannot be one.
    #[error("`{0}` cannot be the name of a log: no spaces, no +, not empty")]
    Origin(String),
    /// A retired key cannot be one of this log.
    #[error("the log's retired keys: {0}")]
    Retired(#[from] mohur_transparency::NoteError),
    /// Something that was durable is damaged.
    #[error(
        "{path}: {what}. The log is damaged and is left as it is: keep a copy of the folder, restore it from a replica or a \
         backup, and verify it with `mohur log verify` before starting again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where in the file.
        what: String,
    },
    /// The folder is another log's, or the key is.
    #[error("{path}: {what}; check the log's name and key in the configuration")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
