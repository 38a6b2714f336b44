//! What can go wrong while a certificate is obtained.

use std::path::{Path, PathBuf};

use mohur_chain::CertificateError;
use mohur_http::ClientError;
use mohur_seal::SealError;
use mohur_transport::{MaterialError, ServiceError};

/// Why there is no certificate. Shows neither token nor key.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A key cannot be made, read or used.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The certificate in use cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// The TLS to the authority cannot be set up.
    #[error(transparent)]
    Tls(#[from] ServiceError),
    /// The request could not be written.
    #[error("the certificate request could not be written: {0}")]
    Request(#[from] rcgen::Error),
    /// The authority does not answer.
    #[error("the authority: {0}")]
    Unreachable(#[from] ClientError),
    /// The authority said no.
    #[error("the authority refused ({code}): {detail}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Its code, e.g. `token-used`.
        code: String,
        /// Its words.
        detail: String,
    },
    /// What the authority answered is not what was asked for.
    #[error("the authority's answer is not good: {0}")]
    Answer(String),
    /// The certificate is not of its profile.
    #[error("the certificate that was issued: {0}")]
    Certificate(#[from] CertificateError),
    /// The invitation cannot be read.
    #[error("{}: {what}", path.display())]
    Invitation {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl EnrolError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether asking again later can help: the authority was not reached, is busy, or failed itself.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Io { .. }
            | Self::Key(_)
            | Self::Material(_)
            | Self::Tls(_)
            | Self::Request(_)
            | Self::Answer(_)
            | Self::Certificate(_)
            | Self::Invitation { .. } => false,
        }
    }
}
