//! Reading a domain's trust anchors: what is wrong with them shows at start and not at the first message.

use mohur_crypto::digest::{Digest, sha256};
use mohur_crypto::public_key::verify_ecdsa_asn1;
use mohur_wire::Timestamp;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use webpki::CertRevocationList;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::Standing;
use crate::certificate::check_time;
use crate::error::{CertificateError, TrustError};
use crate::profile::{Profile, Role, claimed, problems};
use crate::reading::{KeyKind, Reading};
use crate::revocation::RevocationList;

/// An authority: its certificate, what stands in it, and its revocation list.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) fingerprint: Digest,
    pub(crate) reading: Reading,
    /// Only an authority that the root revoked may have none.
    revocations: Option<RevocationList>,
}

impl Authority {
    fn new(der: CertificateDer<'static>, reading: Reading) -> Self {
        Self { fingerprint: sha256(&der), der, reading, revocations: None }
    }

    pub(crate) fn check_time(&self, at: Timestamp) -> Result<(), CertificateError> {
        check_time(self.reading.not_before, self.reading.not_after, at)
    }

    pub(crate) fn list(&self) -> Result<&CertRevocationList<'static>, CertificateError> {
        self.revocations.as_ref().map(|found| &found.list).ok_or(CertificateError::RevocationUnknown)
    }

    /// Refuses a missing list, a stale one, and a revoked serial number.
    pub(crate) fn check_revocation(
        &self,
        serial: &[u8],
        at: Timestamp,
        standing: Option<&Standing>,
    ) -> Result<Digest, CertificateError> {
        self.revocations.as_ref().ok_or(CertificateError::RevocationUnknown)?.check(serial, at, standing)
    }

    /// Whether it revoked another authority, however old its list is.
    /// Its list and the list's digest.
    pub(crate) fn evidence(&self) -> Option<(Digest, &[u8])> {
        self.revocations.as_ref().map(RevocationList::evidence)
    }

    pub(crate) fn revokes(&self, other: &Self) -> bool {
        self.revocations.as_ref().is_some_and(|list| list.has(&other.reading.serial))
    }

    /// When its list has to be renewed; an authority that ends before its list does not renew it any more.
    pub(crate) fn list_ends(&self) -> Option<Timestamp> {
        let ends = self.revocations.as_ref()?.next_update();
        (ends < self.reading.not_after).then_some(ends)
    }

    fn take(&mut self, der: &[u8]) -> bool {
        let Some(list) = RevocationList::read(der, &self.reading) else { return false };
        if self.revocations.as_ref().is_none_or(|known| list.is_newer_than(known)) {
            self.revocations = Some(list);
        }
        true
    }
}

/// The root, and the issuing authorities with their kinds.
type Anchors = (Authority, Vec<(Role, Authority)>);

pub(crate) fn read(root: &str, issuing: &[String], crls: &[String]) -> Result<Anchors, TrustError> {
    let mut root = read_root(root)?;
    let mut authorities = Vec::new();
    for der in issuing.iter().flat_map(|text| CertificateDer::pem_slice_iter(text.as_bytes())) {
        let der = der.map_err(|_: pem::Error| TrustError::NotPem { what: "an issuing authority" })?;
        authorities.push(read_issuing(der, &root.reading)?);
    }
    for role in [Role::Tls, Role::Seal] {
        if !authorities.iter().any(|(found, _)| *found == role) {
            return Err(TrustError::NoAuthority { authority: role.title() });
        }
    }
    for der in crls.iter().flat_map(|text| CertificateRevocationListDer::pem_slice_iter(text.as_bytes())) {
        let der = der.map_err(|_: pem::Error| TrustError::RevocationList)?;
        let everyone = authorities.iter_mut().map(|(_, authority)| authority).chain([&mut root]);
        // Two certificates of one key have one list, which both take.
        if everyone.filter_map(|authority| authority.take(&der).then_some(())).count() == 0 {
            return Err(TrustError::RevocationList);
        }
    }
    if root.revocations.is_none() {
        return Err(TrustError::NoRevocationList { authority: Profile::Root.name() });
    }
    let without = authorities.iter().find(|(_, one)| one.revocations.is_none() && !root.revokes(one));
    match without {
        Some((role, _)) => Err(TrustError::NoRevocationList { authority: role.title() }),
        None => Ok((root, authorities)),
    }
}

fn read_root(text: &str) -> Result<Authority, TrustError> {
    const ROOT: &str = Profile::Root.name();
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
    let (Some(Ok(der)), None) = (found.next(), found.next()) else {
        return Err(TrustError::NotOne { what: ROOT });
    };
    let refuse = |source| TrustError::Authority { authority: ROOT, source };
    let reading = Reading::of(&der).map_err(refuse)?;
    expect(&reading, claimed(&reading), Profile::Root).map_err(refuse)?;
    certified(&der, &reading, ROOT)?;
    Ok(Authority::new(der, reading))
}

fn read_issuing(der: CertificateDer<'static>, root: &Reading) -> Result<(Role, Authority), TrustError> {
    let unknown = |source| TrustError::Authority { authority: "issuing authority's", source };
    let reading = Reading::of(&der).map_err(unknown)?;
    let Some(Profile::Issuing(role)) = claimed(&reading) else {
        let found = claimed(&reading).map_or(CertificateError::NoProfile, CertificateError::NoIssuingAuthority);
        return Err(unknown(found));
    };
    let authority = role.title();
    expect(&reading, claimed(&reading), Profile::Issuing(role))
        .map_err(|source| TrustError::Authority { authority, source })?;
    certified(&der, root, authority)?;
    Ok((role, Authority::new(der, reading)))
}

fn expect(reading: &Reading, claimed: Option<Profile>, expected: Profile) -> Result<(), CertificateError> {
    match claimed {
        Some(found) if found != expected => Err(CertificateError::WrongProfile { expected, found }),
        None => Err(CertificateError::NoProfile),
        Some(_) => problems(reading).into_iter().next().map_or(Ok(()), Err),
    }
}

/// Checked at load, so that a wrong file shows at start; each path checks it again.
fn certified(der: &[u8], root: &Reading, authority: &'static str) -> Result<(), TrustError> {
    match is_signed_by(der, root) {
        Ok(true) => Ok(()),
        Ok(false) => Err(TrustError::NotUnderRoot { authority }),
        Err(source) => Err(TrustError::Authority { authority, source }),
    }
}

/// Whether the key of an authority signed the certificate.
pub(crate) fn is_signed_by(der: &[u8], issuer: &Reading) -> Result<bool, CertificateError> {
    let (_, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::Unreadable)?;
    let p384 = issuer.key == Some(KeyKind::P384);
    let (signed, signature) = (parsed.tbs_certificate.as_ref(), &parsed.signature_value.data);
    Ok(verify_ecdsa_asn1(&issuer.spki, p384, signed, signature).is_ok())
}
