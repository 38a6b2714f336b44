//! Path validation (RFC 5280 §6) by webpki.

use std::time::Duration;

use mohur_wire::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, KeyUsage, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
    anchor_from_trusted_cert,
};

use crate::CertificateError;

/// One path to walk: from the leaf through exactly these intermediates to the root.
pub(crate) struct Path<'a> {
    pub(crate) root: &'a CertificateDer<'static>,
    pub(crate) intermediates: &'a [CertificateDer<'static>],
    pub(crate) lists: &'a [&'a CertRevocationList<'static>],
    /// Whether lists that are no longer fresh may be among them: whoever walks judges that.
    pub(crate) stale_lists: bool,
}

impl Path<'_> {
    /// Every certificate of it must name `purpose`, if one is given.
    pub(crate) fn validate(
        &self,
        leaf: &[u8],
        purpose: Option<&'static [u8]>,
        at: Timestamp,
    ) -> Result<(), CertificateError> {
        let expiration = if self.stale_lists { ExpirationPolicy::Ignore } else { ExpirationPolicy::Enforce };
        let revocation = revocation(self.lists, expiration)?;
        let roots = std::slice::from_ref(self.root);
        let length =
            walk(leaf, (roots, self.intermediates), Purpose(purpose.map(KeyUsage::required)), Some(revocation), at)?;
        // The root itself may have signed a certificate: then the authority of the profile was not on the path.
        if length == self.intermediates.len() { Ok(()) } else { Err(CertificateError::UntrustedIssuer) }
    }
}

/// What every certificate of a path must be for; `None` where the profiles have judged that.
struct Purpose(Option<KeyUsage>);

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        self.0.as_ref().map_or(Ok(()), |usage| usage.validate(purposes))
    }
}

/// Every certificate of a path needs a list, and a fresh one.
pub(crate) fn revocation<'a>(
    lists: &'a [&'a CertRevocationList<'static>],
    expiration: ExpirationPolicy,
) -> Result<RevocationOptions<'a>, CertificateError> {
    Ok(RevocationOptionsBuilder::new(lists)
        .map_err(|_| CertificateError::RevocationUnknown)?
        .with_depth(RevocationCheckDepth::Chain)
        .with_status_policy(UnknownStatusPolicy::Deny)
        .with_expiration_policy(expiration)
        .build())
}

/// Finds a path from the leaf through some of the intermediates to one of the roots: the number of intermediates on it.
pub(crate) fn walk(
    leaf: &[u8],
    (roots, intermediates): (&[CertificateDer<'static>], &[CertificateDer<'static>]),
    purpose: impl ExtendedKeyUsageValidator,
    revocation: Option<RevocationOptions<'_>>,
    at: Timestamp,
) -> Result<usize, CertificateError> {
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(refuse)?;
    let anchors = roots.iter().map(|root| anchor_from_trusted_cert(root).map_err(refuse));
    let anchors = anchors.collect::<Result<Vec<_>, _>>()?;
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let path = leaf
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            purpose,
            revocation,
            None,
        )
        .map_err(refuse)?;
    Ok(path.intermediate_certificates().count())
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

#[cfg(test)]
mod limbo;
