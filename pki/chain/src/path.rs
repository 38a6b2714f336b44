//! Path validation (RFC 5280 §6) by webpki.

use std::time::Duration;

use mohur_wire::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};

use crate::CertificateError;

/// One path to walk: from the leaf through exactly these intermediates to the root.
pub(crate) struct Path<'a> {
    pub(crate) root: &'a CertificateDer<'static>,
    pub(crate) intermediates: &'a [CertificateDer<'static>],
    pub(crate) lists: &'a [&'a CertRevocationList<'static>],
    pub(crate) purpose: &'static [u8],
}

impl Path<'_> {
    pub(crate) fn validate(&self, leaf: &[u8], at: Timestamp) -> Result<(), CertificateError> {
        let leaf = CertificateDer::from(leaf);
        let leaf = EndEntityCert::try_from(&leaf).map_err(refuse)?;
        let anchors = [anchor_from_trusted_cert(self.root).map_err(refuse)?];
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        let revocation = RevocationOptionsBuilder::new(self.lists)
            .map_err(|_| CertificateError::RevocationUnknown)?
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build();
        let path = leaf
            .verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &anchors,
                self.intermediates,
                UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
                KeyUsage::required(self.purpose),
                Some(revocation),
                None,
            )
            .map_err(refuse)?;
        // The root itself may have signed a certificate: then the authority of the profile was not on the path.
        if path.intermediate_certificates().count() == self.intermediates.len() {
            Ok(())
        } else {
            Err(CertificateError::UntrustedIssuer)
        }
    }
}

fn from_unix(time: UnixTime) -> Timestamp {
    i64::try_from(time.as_secs()).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(Timestamp::MAX)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is webpki's and grows; what is not named is refused as an invalid path"
)]
fn refuse(error: Error) -> CertificateError {
    match error {
        Error::CertExpired { not_after, .. } => CertificateError::Expired(from_unix(not_after)),
        Error::CertNotValidYet { not_before, .. } => CertificateError::NotYetValid(from_unix(not_before)),
        Error::CertRevoked => CertificateError::Revoked,
        Error::CrlExpired { .. } => CertificateError::StaleRevocationList,
        Error::UnknownRevocationStatus => CertificateError::RevocationUnknown,
        Error::UnknownIssuer => CertificateError::UntrustedIssuer,
        Error::InvalidSignatureForPublicKey | Error::InvalidCrlSignatureForPublicKey => CertificateError::BadSignature,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            CertificateError::WeakSignature
        }
        Error::BadDer | Error::BadDerTime | Error::MalformedExtensions => CertificateError::Unreadable,
        _ => CertificateError::InvalidPath,
    }
}
