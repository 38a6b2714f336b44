//! What can go wrong at an authority.

use std::path::{Path, PathBuf};

use mohur_chain::{CertificateError, TrustError};
use mohur_seal::SealError;

use crate::issuer::Issuer;

/// Why an authority did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is one already.
    #[error("{}: there is a PKI already; choose an empty folder", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works on it.
    #[error("{}: another process is working on this PKI; try again when it is done", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// The register is damaged.
    #[error("{}: the register of certificates: {what}", path.display())]
    Register {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The key of an authority, mostly the root's, is kept elsewhere.
    #[error("{}: the key of {issuer} is not here; bring it back for this, and take it away again", path.display())]
    KeyAway {
        /// Whose.
        issuer: Issuer,
        /// Where it would be.
        path: PathBuf,
    },
    /// There is no authority of that kind that could issue.
    #[error(
        "there is no {0} here that could issue: its key is away, or the root revoked it; `mohur pki roll` makes a new one"
    )]
    NoAuthority(&'static str),
    /// A key that is not the certificate's.
    #[error("the key does not belong to the certificate")]
    OtherKey,
    /// Another root than that of this PKI.
    #[error("another root than that of this PKI: nothing was taken over")]
    OtherRoot,
    /// Not a certificate request.
    #[error("not a certificate request (PKCS#10) in PEM")]
    NoRequest,
    /// A certificate could not be made.
    #[error("cannot make the certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate request cannot be used.
    #[error("{}: {what}", path.display())]
    Request {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// What was asked for does not fit the profile.
    #[error("such a certificate would be refused: {0}")]
    Profile(#[from] CertificateError),
    /// An OCSP responder could not be made.
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Responder(#[from] mohur_attest::ocsp::ResponderError),
    /// The trust anchors are not good.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The member is of another domain.
    #[error("{member} is not of the domain {domain}")]
    OtherDomain {
        /// Who.
        member: String,
        /// Our domain.
        domain: String,
    },
    /// Not a domain.
    #[error("a domain is 1 to 16 letters and digits, e.g. AZ")]
    Domain,
    /// A time outside what certificates can hold.
    #[error("a time outside the years that a certificate can hold")]
    Time,
    /// A name or an address that is too long for a certificate.
    #[error("a name or an address is too long for a certificate")]
    TooLong,
    /// The settings are damaged.
    #[error("{}: not the settings of a PKI: {source}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// An address of a service that cannot stand in a certificate.
    #[error("{0} is not an address that can stand in certificates: http://host/path or https://host/path is needed")]
    Url(String),
    /// Not a name under which hosts could be permitted.
    #[error(
        "{0} is not a DNS name under which hosts could be permitted: one like gov.az is needed, without a leading dot"
    )]
    PermittedHost(String),
    /// Nothing of that serial number or fingerprint was issued here.
    #[error("no certificate with the serial number or fingerprint {0} was issued here")]
    Unknown(String),
    /// Several certificates begin with it.
    #[error("several certificates begin with {0}: give more digits")]
    Ambiguous(String),
    /// A host that the authority may not certify.
    #[error("{0} is not under the names that the authorities of this domain may certify (`pki init --permit-host`)")]
    Host(String),
    /// Somebody else decided at the same moment.
    #[error("somebody else decided at the same moment; look at the application again")]
    Overtaken,
    /// It is revoked already.
    #[error("the certificate {0} is revoked already")]
    AlreadyRevoked(String),
}

impl AuthorityError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }
}
