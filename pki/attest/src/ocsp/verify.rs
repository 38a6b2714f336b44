//! What proves an answer good (RFC 6960 §3.2).

use std::time::Duration;

use mohur_chain::SignerCertificate;
use mohur_crypto::digest::sha1_name;
use mohur_wire::Timestamp;

use crate::ocsp::response::{Basic, ResponderId};
use crate::ocsp::{CertId, CertificateStatus, OcspError, OcspRequest, Single};

/// What is proved of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// What its issuer says of it.
    pub status: CertificateStatus,
    /// It was so at.
    pub this_update: Timestamp,
    /// It may be relied on until.
    pub next_update: Timestamp,
    /// It was signed at.
    pub produced_at: Timestamp,
}

/// Proves an answer to `request` about `certificate`, which `issuer` issued: the nonce, that the issuer or its delegate signed
/// it, and that it holds now. Clocks may differ by `skew`.
pub fn verify_answer(
    response: &[u8],
    request: &OcspRequest,
    (certificate, issuer): (&CertId, &SignerCertificate),
    now: Timestamp,
    skew: Duration,
) -> Result<Proved, OcspError> {
    let basic = Basic::read(response)?;
    if request.nonce.is_some() && basic.nonce != request.nonce {
        return Err(OcspError::Nonce);
    }
    let proved = prove(&basic, certificate, issuer)?;
    let skew = i64::try_from(skew.as_secs()).unwrap_or(i64::MAX);
    if proved.this_update.as_second() > now.as_second().saturating_add(skew) {
        return Err(OcspError::NotYet(proved.this_update));
    }
    if proved.next_update.as_second().saturating_add(skew) < now.as_second() {
        return Err(OcspError::Stale(proved.next_update));
    }
    Ok(proved)
}

/// Proves a stored answer about `certificate`: signature and signer, at the time that it was made. Whether it held when it was
/// relied on, [`Proved`] says.
pub fn verify_stored(response: &[u8], certificate: &CertId, issuer: &SignerCertificate) -> Result<Proved, OcspError> {
    prove(&Basic::read(response)?, certificate, issuer)
}

fn prove(basic: &Basic<'_>, certificate: &CertId, issuer: &SignerCertificate) -> Result<Proved, OcspError> {
    if !certificate.is_of(issuer) {
        return Err(OcspError::OtherCertificate);
    }
    let signer = signer(basic, issuer)?;
    basic.algorithm.verify(signer.spki(), basic.signed, basic.signature).map_err(|_| OcspError::Signature)?;
    let mut about = basic.singles.iter().filter(|single| single.certificate.is_same(certificate));
    let (Some(Single { status, this_update, next_update, .. }), None) = (about.next(), about.next()) else {
        return Err(OcspError::OtherCertificate);
    };
    let next_update = next_update.ok_or(OcspError::Endless)?;
    if next_update < *this_update {
        return Err(OcspError::Stale(next_update));
    }
    Ok(Proved { status: *status, this_update: *this_update, next_update, produced_at: basic.produced_at })
}

/// The issuer, or the certificate among those that came with the answer that the issuer delegated to.
fn signer<'a>(basic: &'a Basic<'_>, issuer: &'a SignerCertificate) -> Result<&'a SignerCertificate, OcspError> {
    let is_named = |candidate: &SignerCertificate| match basic.responder {
        ResponderId::Name(name) => candidate.subject() == name,
        ResponderId::Key(hash) => sha1_name(candidate.key_bits()) == hash,
    };
    if is_named(issuer) {
        issuer.check_time(basic.produced_at)?;
        return Ok(issuer);
    }
    let delegate = basic.certificates.iter().find(|candidate| is_named(candidate)).ok_or(OcspError::NoSigner)?;
    delegate.is_delegate_of(issuer, basic.produced_at)?;
    Ok(delegate)
}
