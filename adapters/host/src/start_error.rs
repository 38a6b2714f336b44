//! Why a host does not start.

use std::path::{Path, PathBuf};

use mohur_chain::CertificateError;
use mohur_crypto::Digest;
use mohur_directory::DirectoryError;
use mohur_http::BindError;
use mohur_policy_bundle::PolicyErrors;
use mohur_seal::SealError;
use mohur_store::StoreError;
use mohur_transport::MaterialError;
use mohur_wire::MemberId;

/// Why a host does not start: it fails closed, and says what to put right.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder cannot be made.
    #[error("{}: {reason}; check the path and its rights", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// Reading ended badly.
    #[error("reading the directory ended badly: {0}")]
    Interrupted(String),
    /// The directory is not good.
    #[error("directory: {0}")]
    Directory(#[from] DirectoryError),
    /// The policy folder does not load.
    #[error("policy:\n{0}")]
    PolicyFiles(#[from] PolicyErrors),
    /// The policy is not the one in force.
    #[error("policy: {0}; publish it in the directory, or put the named one in place")]
    Policy(String),
    /// A key or its passphrase cannot be read.
    #[error("keys: {0}")]
    Key(#[from] SealError),
    /// The key for TLS is not good.
    #[error("tls: {0}")]
    Material(#[from] MaterialError),
    /// TLS cannot be configured.
    #[error("tls: {0}")]
    Tls(String),
    /// The seal certificate is not good.
    #[error("seal: {0}")]
    Certificate(#[from] CertificateError),
    /// A certificate of somebody else.
    #[error("the {what} is not one of {member}; compare `member` with the certificate")]
    OtherMember {
        /// Which certificate.
        what: &'static str,
        /// Who this host is for.
        member: MemberId,
    },
    /// The directory does not list the seal.
    #[error("the directory does not list the seal {seal} for {member}; publish it before it seals")]
    UnlistedSeal {
        /// Who this host is for.
        member: MemberId,
        /// The certificate's fingerprint.
        seal: Digest,
    },
    /// The directory does not list the member.
    #[error("the directory does not list {0}; enrol it first")]
    UnlistedMember(MemberId),
    /// The directory lists no service, or one that the adapter does not offer.
    #[error("the directory lists no service of {member}, or one that this adapter does not offer: {}", missing.join(", "))]
    Services {
        /// Who this host is for.
        member: MemberId,
        /// What the adapter does not offer.
        missing: Vec<String>,
    },
    /// The state cannot be opened.
    #[error("state: {0}")]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl StartError {
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
