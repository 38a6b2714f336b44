//! Everything about a certificate that a person wants to see, all its faults at once.

use mohur_crypto::Digest;
use mohur_crypto::digest::sha256;
use mohur_wire::{MemberId, OfficerId, Timestamp};

use crate::anchors::is_signed_by;
use crate::certificate::{check_time, hex};
use crate::profile::{Profile, Subject, claimed, problems, subject};
use crate::reading::Reading;
use crate::revocation::RevocationList;
use crate::{Certificate, CertificateError, Trust};

/// What stands in a certificate, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The profile that it claims.
    pub profile: Option<Profile>,
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// The member that it names, when it is exactly one.
    pub member: Option<MemberId>,
    /// The officer whom it names.
    pub officer: Option<OfficerId>,
    /// Every URI that it has.
    pub uris: Vec<String>,
    /// DNS names and IP addresses.
    pub hosts: Vec<String>,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER.
    pub fingerprint: Digest,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// Under which DNS names alone an authority may certify hosts; empty when it is not limited.
    pub permitted_hosts: Vec<String>,
    /// Where it says that OCSP answers about it are to be had.
    pub ocsp_urls: Vec<String>,
    /// Where it says that its issuer's revocation list is to be had.
    pub crl_urls: Vec<String>,
    /// The kind of key.
    pub key: &'static str,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub public_key: Digest,
    /// All that is wrong, nothing when it is good.
    pub problems: Vec<CertificateError>,
}

/// Looks at a certificate of any profile at that time, and holds it against `trust` where given.
pub fn inspect(der: &[u8], trust: Option<&Trust>, at: Timestamp) -> Result<Inspection, CertificateError> {
    let reading = Reading::of(der)?;
    let profile = claimed(&reading);
    let mut faults = problems(&reading);
    if let Err(fault) = check_time(reading.not_before, reading.not_after, at) {
        faults.push(fault);
    }
    if let (true, Some(trust), Ok(certificate)) = (faults.is_empty(), trust, Certificate::parse(der)) {
        let judged = trust.validate(&certificate, at);
        faults.extend(judged.err());
    }
    let (member, officer) = match profile.map(|profile| subject(&reading, profile)) {
        Some(Ok(Subject::Member(member))) => (Some(member), None),
        Some(Ok(Subject::Officer(officer))) => (None, Some(officer)),
        Some(Ok(Subject::Nobody) | Err(_)) | None => (None, None),
    };
    Ok(Inspection {
        profile,
        member,
        officer,
        serial: hex(&reading.serial),
        fingerprint: sha256(der),
        public_key: sha256(&reading.spki),
        key: reading.key.map_or("unknown", |kind| kind.name()),
        subject: reading.subject,
        issuer: reading.issuer,
        uris: reading.uris,
        hosts: reading.hosts,
        permitted_hosts: reading.permitted_hosts,
        ocsp_urls: reading.ocsp_urls,
        crl_urls: reading.crl_urls,
        not_before: reading.not_before,
        not_after: reading.not_after,
        problems: faults,
    })
}

/// What stands in a revocation list, as whoever checks the work of an authority needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInspection {
    /// Its number.
    pub number: Vec<u8>,
    /// When the next one is due.
    pub next_update: Timestamp,
    /// The serial numbers in it, hexadecimal, sorted.
    pub revoked: Vec<String>,
}

/// Looks at a revocation list that the authority `issuer` signed, both DER. Anything else is refused.
pub fn inspect_list(list: &[u8], issuer: &[u8]) -> Result<ListInspection, CertificateError> {
    let read = RevocationList::read(list, &Reading::of(issuer)?).ok_or(CertificateError::BadSignature)?;
    let mut revoked: Vec<String> = read.serials().map(hex).collect();
    revoked.sort_unstable();
    Ok(ListInspection { number: read.number().to_vec(), next_update: read.next_update(), revoked })
}

/// Checks that the authority `issuer` signed the certificate, both DER. Says nothing about profile, time or revocation.
pub fn check_signature(certificate: &[u8], issuer: &[u8]) -> Result<(), CertificateError> {
    if is_signed_by(certificate, &Reading::of(issuer)?)? { Ok(()) } else { Err(CertificateError::BadSignature) }
}
