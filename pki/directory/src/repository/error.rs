//! Why something cannot be done to a repository.

use std::path::{Path, PathBuf};

use crate::error::DirectoryError;

/// Why something cannot be done to a repository. What is published stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is none.
    #[error("{}: no repository of a directory; `mohur directory init` makes one", path.display())]
    NoRepository {
        /// Where.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{}: there is a repository already; a second one would not be trusted by those who know the first", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A published file is missing.
    #[error("{}: a published file is gone; restore it from a copy", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// Not a role.
    #[error("there is no role {0}; `mohur directory status` lists them")]
    UnknownRole(String),
    /// Nothing is staged for the role.
    #[error("nothing is staged for {0}; `mohur directory edit {0}` begins a new version")]
    NotStaged(String),
    /// Nothing is staged at all.
    #[error("nothing is staged; `mohur directory edit ROLE` begins a new version")]
    NothingStaged,
    /// Signatures are missing.
    #[error("{role} lacks {missing} signatures; `mohur directory sign {role}` adds one")]
    Unsigned {
        /// Which role.
        role: String,
        /// How many are missing.
        missing: u64,
    },
    /// The key may not sign.
    #[error("the key {key} is none of those who may sign for {role}; `mohur directory status` lists them")]
    NotASigner {
        /// Which role.
        role: String,
        /// The key's id.
        key: String,
    },
    /// A threshold that cannot be met.
    #[error("{role}: a threshold of {threshold} with {keys} keys; give as many keys, and a threshold of at least 1")]
    Threshold {
        /// Which role.
        role: String,
        /// How many must sign.
        threshold: u64,
        /// How many keys there are.
        keys: usize,
    },
    /// Not a public key that may sign.
    #[error("{role}: not a public key in PEM of ECDSA P-256 or Ed25519")]
    Key {
        /// Which role.
        role: String,
    },
    /// No online key for a role was given.
    #[error("none of the keys given signs for {0}; give its online key")]
    OnlineKey(&'static str),
    /// What would be published is not good.
    #[error("not published: {0}")]
    Refused(DirectoryError),
    /// It is not metadata.
    #[error(transparent)]
    Tuf(#[from] mohur_tuf::TufError),
    /// Content.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl RepositoryError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
