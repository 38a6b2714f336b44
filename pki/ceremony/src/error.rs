//! What can go wrong in a ceremony.

use std::path::{Path, PathBuf};

use mohur_authority::AuthorityError;
use mohur_chain::CertificateError;
use mohur_config::ConfigErrors;
use mohur_seal::SealError;

/// Why a ceremony, or the check of one, ended.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The plan is wrong.
    #[error(transparent)]
    Plan(#[from] ConfigErrors),
    /// There is something already.
    #[error("{}: is there already; choose another folder, or take it away", path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// The transcript does not hold together.
    #[error("{}: entry {number}: {what}", path.display())]
    Transcript {
        /// Which file.
        path: PathBuf,
        /// Which entry.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// A file of the folder is not what the transcript says.
    #[error("{}: {what}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A certificate is not what the plan says.
    #[error("{}: {source}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// A share file is damaged, or another's.
    #[error("the share of {operator}: {what}")]
    Share {
        /// Whose.
        operator: String,
        /// What is wrong.
        what: String,
    },
    /// A passphrase does not open a share.
    #[error("the share of {operator}: the passphrase is wrong, or the share was changed")]
    Passphrase {
        /// Whose.
        operator: String,
    },
    /// Too few shares.
    #[error("{given} shares of {needed} that are needed: more operators have to come")]
    TooFew {
        /// How many were given.
        given: usize,
        /// How many are needed.
        needed: u8,
    },
    /// Shares that do not open the root's key.
    #[error(
        "the shares do not open the root's key, though each is good by itself: `root.sealed` is of another sharing"
    )]
    NotTheKey,
    /// Something that a ceremony may not do.
    #[error("{0}")]
    Refused(String),
    /// What a dry run made.
    #[error("{}: made in a dry run, never to be used", path.display())]
    DryRun {
        /// Which folder.
        path: PathBuf,
    },
    /// An authority's work failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A key or a passphrase cannot be used.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The sharing itself failed.
    #[error("the key could not be shared")]
    Sharing,
}

impl CeremonyError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn file(path: &Path, what: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn share(operator: &str, what: impl Into<String>) -> Self {
        Self::Share { operator: operator.to_owned(), what: what.into() }
    }
}
