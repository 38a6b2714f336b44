//! Who is at the other end of a TLS connection.

use mohur_chain::TlsIdentity;
use mohur_wire::{RefusalCode, Timestamp};
use rustls_pki_types::CertificateDer;

/// Turns certificates into members, and takes members back when they are denied.
pub trait PeerCheck: Send + Sync + 'static {
    /// The member that a chain (end entity first) proves, at the time given. Asked once for each connection.
    fn identify(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Result<TlsIdentity, RefusalCode>;

    /// Whether that member may still speak: not expired, not revoked, not denied. Asked for each message, so cheap.
    fn admits(&self, peer: &TlsIdentity, at: Timestamp) -> Result<(), RefusalCode>;
}
