//! Why a directory, or a seal looked up in one, is refused.

use std::path::PathBuf;

use mohur_chain::CertificateError;
use mohur_crypto::Digest;
use mohur_seal::SealError;
use mohur_wire::{MemberId, RefusalCode, Timestamp};

/// Why a directory is refused. The last good one goes on serving until it expires.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The content is not a directory.
    #[error("the directory's content: {0}")]
    Content(#[from] serde_json::Error),
    /// It contradicts itself.
    #[error("the directory contradicts itself: {0}")]
    Inconsistent(String),
    /// A seal certificate in it is not good.
    #[error("a seal of {member}: {source}")]
    Seal {
        /// Whose.
        member: MemberId,
        /// What is wrong.
        source: CertificateError,
    },
    /// Expired.
    #[error("the directory expired at {0}: fetch the current one")]
    Expired(Timestamp),
    /// Its metadata, or a file of it, is refused.
    #[error(transparent)]
    Tuf(#[from] mohur_tuf::TufError),
    /// A file of it is not what it must be.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Its authorities or revocation lists are not good.
    #[error(transparent)]
    Trust(#[from] mohur_chain::TrustError),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SealError),
}

/// Why a key of a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealLookupError {
    /// No member has that seal.
    #[error("no member has a seal with the fingerprint {0}")]
    Unknown(Digest),
    /// The directory denies it.
    #[error("the directory denies the seal {0}")]
    Denied(Digest),
    /// The certificate is not good at that time.
    #[error("the seal's certificate: {0}")]
    Certificate(#[from] CertificateError),
}

impl SealLookupError {
    /// The refusal that a caller gets.
    pub const fn refusal(&self) -> RefusalCode {
        match self {
            Self::Unknown(_) => RefusalCode::KeyUnknown,
            Self::Denied(_) => RefusalCode::CertificateRevoked,
            Self::Certificate(error) => error.refusal(),
        }
    }
}
