//! The OCSP responders of the authorities whose keys are here, each with a delegate's key that lives in memory only.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mohur_attest::ocsp::{Answered, CertificateStatus, OcspRequest, Reason as Code, Refusal, Responder};
use mohur_chain::Certificate;
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, SoftwareSeal};
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;

use crate::issuer::Issuer;
use crate::national::{National, certificate as authority_certificate};
use crate::register::Record;
use crate::revocation::Reason;
use crate::template::{DAY, Template};
use crate::{AuthorityError, Revocation};

/// How answers are kept fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// For how long an OCSP answer holds. 1 h.
    pub ocsp_life: Duration,
    /// For how many days the certificate of a responder holds, 1 to 30. A third before its end it is renewed. 7 days.
    pub responder_days: i64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { ocsp_life: Duration::from_secs(3600), responder_days: 7 }
    }
}

/// Where the register is asked: whoever holds it lends it.
pub trait Lender: Send + Sync + 'static {
    /// Calls `work` with the authorities.
    fn lend(&self, work: &mut dyn FnMut(&National));
}

/// The responders of a domain.
#[derive(Debug)]
pub struct Responders {
    freshness: Freshness,
    by_issuer: RwLock<BTreeMap<Issuer, Arc<Responder>>>,
}

impl Responders {
    /// None yet: [`Responders::renew`] makes them.
    pub fn new(freshness: Freshness) -> Self {
        Self { freshness, by_issuer: RwLock::default() }
    }

    /// Makes the responders that are missing or end soon. To be called at the start and at least hourly.
    pub fn renew(&self, national: &National, now: Timestamp) -> Result<(), AuthorityError> {
        for issuer in national.issuers().into_iter().filter(|issuer| *issuer != Issuer::Root) {
            if self.is_due(issuer, now) {
                let responder = Arc::new(self.responder(national, issuer, now)?);
                tracing::info!(%issuer, until = %responder.not_after(), "an OCSP responder was certified");
                self.by_issuer.write().unwrap_or_else(PoisonError::into_inner).insert(issuer, responder);
            }
        }
        Ok(())
    }

    fn is_due(&self, issuer: Issuer, now: Timestamp) -> bool {
        let known = self.by_issuer.read().unwrap_or_else(PoisonError::into_inner);
        let left = known.get(&issuer).map(|known| known.not_after().as_second().saturating_sub(now.as_second()));
        left.is_none_or(|left| left < self.freshness.responder_days * DAY / 3)
    }

    /// A new key with a certificate of `issuer` for it. Both are lost with the process, and that is all that happens to them.
    fn responder(&self, national: &National, issuer: Issuer, now: Timestamp) -> Result<Responder, AuthorityError> {
        let template = Template::ocsp(national.domain(), issuer, now, self.freshness.responder_days)?;
        let pkcs8 = generate(KeyKind::P256)?;
        let der = national.sign(&template, &pkcs8)?;
        let certificate = Certificate::parse(&der)?;
        national.register.add(&Record::of(issuer, &certificate), &der, now)?;
        let seal = Arc::new(SoftwareSeal::from_pkcs8(&pkcs8, &der)?);
        let authority = authority_certificate(national.layout(), issuer)?;
        Ok(Responder::new(&authority, seal, self.freshness.ocsp_life, now)?)
    }

    /// Answers a request about certificates of one of the issuers.
    pub fn answer(&self, lender: &dyn Lender, request: &OcspRequest, now: Timestamp) -> Result<Answered, Refusal> {
        let first = request.certificates().first().ok_or(Refusal::MalformedRequest)?;
        let known = self.by_issuer.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(_, responder)| first.is_of(responder.issuer()));
        let (issuer, responder) =
            found.map(|(issuer, found)| (*issuer, Arc::clone(found))).ok_or(Refusal::Unauthorized)?;
        drop(known);
        responder.answer(request, now, |serial| state(lender, issuer, serial))
    }
}

/// What the register says of a serial number. What was never issued is unknown, not good (RFC 6960 §2.2).
fn state(lender: &dyn Lender, issuer: Issuer, serial: &[u8]) -> Result<CertificateStatus, Refusal> {
    let digits: String = serial.iter().skip_while(|octet| **octet == 0).map(|octet| format!("{octet:02x}")).collect();
    let mut found = Err(Refusal::InternalError);
    lender.lend(&mut |national| {
        found = national.certificate_of(issuer, &digits).map_err(|error| {
            tracing::error!(%error, "the register cannot be read");
            Refusal::InternalError
        });
    });
    Ok(match found? {
        None => CertificateStatus::Unknown,
        Some(Record { revoked: None, .. }) => CertificateStatus::Good,
        Some(Record { revoked: Some(Revocation { at, reason }), .. }) => {
            CertificateStatus::Revoked { at, reason: number(reason).map(Code) }
        }
    })
}

/// RFC 5280 §5.3.1; "unspecified" is not written.
const fn number(reason: Reason) -> Option<u8> {
    match reason {
        Reason::Unspecified => None,
        Reason::KeyCompromise => Some(1),
        Reason::AffiliationChanged => Some(3),
        Reason::Superseded => Some(4),
        Reason::CessationOfOperation => Some(5),
        Reason::PrivilegeWithdrawn => Some(9),
    }
}

/// The list of that issuer as it lies there, DER.
pub(super) fn list_of(layout: &crate::Layout, issuer: Issuer) -> Option<Vec<u8>> {
    let der = CertificateRevocationListDer::from_pem_file(layout.crl(issuer)).ok()?;
    Some(der.as_ref().to_vec())
}
