//! Who may be at the other end.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_chain::{Certificate, CertificateError, TlsIdentity, Trust};
use mohur_directory::{Domain, Domains, Snapshot};
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
    /// It belongs to another domain and is not one of its brokers, or the domain is not trusted (any more).
    #[error(
        "the peer is of the domain {0}, of which only the brokers may speak here, and only while our directory trusts it"
    )]
    Foreign(String),
}

impl PeerError {
    /// The refusal that the peer gets, where it can get one.
    pub const fn refusal(&self) -> RefusalCode {
        match self {
            Self::NoCertificate => RefusalCode::CertificateRefused,
            Self::Certificate(error) => error.refusal(),
            Self::Denied => RefusalCode::CertificateRevoked,
            Self::Foreign(_) => RefusalCode::CertificateRefused,
        }
    }
}

/// The domains that a process knows now. They may be exchanged while connections are open, and count from the next message
/// on.
pub struct Peers {
    domains: ArcSwap<Domains>,
}

impl Peers {
    /// The members of one domain.
    pub fn new(trust: Arc<Trust>, directory: Snapshot) -> Self {
        Self::of(Domains::alone(Domain { directory, trust }))
    }

    /// The members of our own domain and the brokers of those that it trusts.
    pub fn of(domains: Domains) -> Self {
        Self { domains: ArcSwap::from_pointee(domains) }
    }

    /// The current trust anchors of our own domain.
    pub fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.domains.load().home().trust)
    }

    /// Exchanges everything: directories, trust anchors, fresh revocation lists.
    pub fn set(&self, domains: Domains) {
        self.domains.store(Arc::new(domains));
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

    /// A name is judged under the domain that it begins with. Of another domain only brokers speak: its members have theirs.
    fn judge(&self, certificate: &Certificate, at: Timestamp) -> Result<TlsIdentity, PeerError> {
        let domains = self.domains.load();
        let home = domains.home();
        let domain = match certificate.member() {
            Some(member) if member.instance() != home.directory.domain() => domains
                .named(member.instance(), at)
                .filter(|domain| domain.directory.broker(member).is_some())
                .ok_or_else(|| PeerError::Foreign(member.instance().to_owned()))?,
            Some(_) | None => home,
        };
        let fingerprint = certificate.fingerprint();
        if domain.directory.is_denied(&fingerprint) || home.directory.is_denied(&fingerprint) {
            return Err(PeerError::Denied);
        }
        Ok(domain.trust.validate_tls(certificate, at)?)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peers({:?})", self.domains.load())
    }
}
