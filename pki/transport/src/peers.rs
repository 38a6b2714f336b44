//! Who may be at the other end.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_chain::{Certificate, CertificateError, TlsIdentity, Trust};
use mohur_directory::Snapshot;
use mohur_wire::{RefusalCode, Timestamp};
use rustls_pki_types::CertificateDer;

/// Why a peer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// It showed no certificate.
    #[error("the peer showed no certificate")]
    NoCertificate,
    /// Its certificate is not good.
    #[error("the peer's certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The directory denies it.
    #[error("the directory denies the peer's certificate")]
    Denied,
}

impl PeerError {
    /// The refusal that the peer gets, where it can get one.
    pub const fn refusal(&self) -> RefusalCode {
        match self {
            Self::NoCertificate => RefusalCode::CertificateRefused,
            Self::Certificate(error) => error.refusal(),
            Self::Denied => RefusalCode::CertificateRevoked,
        }
    }
}

/// The current trust anchors and the current directory of a process. Both may be exchanged while connections are open, and
/// count from the next message on.
pub struct Peers {
    trust: ArcSwap<Trust>,
    directory: ArcSwap<Snapshot>,
}

impl Peers {
    /// With these to begin with.
    pub fn new(trust: Arc<Trust>, directory: Snapshot) -> Self {
        Self { trust: ArcSwap::new(trust), directory: ArcSwap::from_pointee(directory) }
    }

    /// The current trust anchors.
    pub fn trust(&self) -> Arc<Trust> {
        self.trust.load_full()
    }

    /// The current directory.
    pub fn directory(&self) -> Snapshot {
        Snapshot::clone(&self.directory.load())
    }

    /// Exchanges the trust anchors: fresh revocation lists, for example.
    pub fn set_trust(&self, trust: Arc<Trust>) {
        self.trust.store(trust);
    }

    /// Exchanges the directory.
    pub fn set_directory(&self, directory: Snapshot) {
        self.directory.store(Arc::new(directory));
    }

    /// The member that a peer's chain proves at that time, end entity first.
    pub fn identify(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Result<TlsIdentity, PeerError> {
        let certificate = Certificate::parse(chain.first().ok_or(PeerError::NoCertificate)?)?;
        self.judge(&certificate, at)
    }

    /// Whether that peer may still speak at that time: not expired, not revoked, not denied.
    pub fn admits(&self, peer: &TlsIdentity, at: Timestamp) -> Result<(), PeerError> {
        self.judge(peer.certificate(), at).map(drop)
    }

    fn judge(&self, certificate: &Certificate, at: Timestamp) -> Result<TlsIdentity, PeerError> {
        if self.directory.load().is_denied(&certificate.fingerprint()) {
            return Err(PeerError::Denied);
        }
        Ok(self.trust.load().validate_tls(certificate, at)?)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peers({:?}, {:?})", self.trust.load(), self.directory.load())
    }
}
