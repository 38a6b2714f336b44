//! An end entity's certificate that has one of the profiles.

use std::fmt;
use std::sync::Arc;

use mohur_crypto::digest::{Digest, sha256};
use mohur_crypto::{Algorithm, PublicKey};
use mohur_wire::{MemberId, OfficerId, Timestamp};

use crate::CertificateError;
use crate::profile::{Profile, Subject, claimed, problems, subject};
use crate::reading::{KeyKind, Reading, repin};

/// A certificate of one of the profiles that are no authority's. It keeps the rules of its profile; whether to trust it says
/// [`crate::Trust`]. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    der: Vec<u8>,
    fingerprint: Digest,
    profile: Profile,
    subject: Subject,
    serial: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    hosts: Vec<String>,
    issuer: IssuerName,
    ocsp_urls: Vec<String>,
    crl_urls: Vec<String>,
    key: Option<KeyKind>,
    public_key: PublicKey,
}

/// By which a certificate says who issued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuerName {
    /// The issuer's subject, DER.
    pub(crate) name: Vec<u8>,
    /// The identifier of the issuer's key.
    pub(crate) key: Option<Vec<u8>>,
}

impl Certificate {
    /// Parses a certificate and holds it against its profile. A certificate authority's is refused here.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let reading = Reading::of(der)?;
        if let Some(problem) = problems(&reading).into_iter().next() {
            return Err(problem);
        }
        let profile = claimed(&reading).ok_or(CertificateError::NoProfile)?;
        if reading.authority {
            return Err(CertificateError::BasicConstraints(Profile::Tls));
        }
        Ok(Self(Arc::new(Inner {
            fingerprint: sha256(der),
            profile,
            subject: subject(&reading, profile)?,
            serial: reading.serial,
            not_before: reading.not_before,
            not_after: reading.not_after,
            hosts: reading.hosts,
            issuer: IssuerName { name: reading.issuer_der, key: reading.issuer_key },
            ocsp_urls: reading.ocsp_urls,
            crl_urls: reading.crl_urls,
            key: reading.key,
            public_key: reading.public_key.ok_or(CertificateError::WeakKey)?,
            der: der.to_vec(),
        })))
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the DER: the `keyid` of messages.
    pub fn fingerprint(&self) -> Digest {
        self.0.fingerprint
    }

    /// What it is for.
    pub fn profile(&self) -> Profile {
        self.0.profile
    }

    /// The member that it names. Always there for the profiles TLS and seal.
    pub fn member(&self) -> Option<&MemberId> {
        if let Subject::Member(member) = &self.0.subject { Some(member) } else { None }
    }

    /// The officer whom it names. Always there for the profile officer.
    pub fn officer(&self) -> Option<&OfficerId> {
        if let Subject::Officer(officer) = &self.0.subject { Some(officer) } else { None }
    }

    /// Where it says that OCSP answers about it are to be had.
    pub fn ocsp_urls(&self) -> &[String] {
        &self.0.ocsp_urls
    }

    /// Where it says that its issuer's revocation list is to be had.
    pub fn crl_urls(&self) -> &[String] {
        &self.0.crl_urls
    }

    pub(crate) fn issuer(&self) -> &IssuerName {
        &self.0.issuer
    }

    /// Valid from.
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// Valid until, inclusive.
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// The serial number in hexadecimal, without leading zeros.
    pub fn serial(&self) -> String {
        hex(&self.0.serial)
    }

    pub(crate) fn raw_serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// DNS names and IP addresses of a server.
    pub fn hosts(&self) -> &[String] {
        &self.0.hosts
    }

    /// The public key, pinned to one algorithm. A plain RSA key is pinned to RSA-PSS, see [`Certificate::pinned_to`].
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The same certificate with its key pinned to `algorithm`: only a plain RSA key leaves a choice.
    pub fn pinned_to(&self, algorithm: Algorithm) -> Result<Self, CertificateError> {
        if self.0.public_key.algorithm() == algorithm {
            return Ok(self.clone());
        }
        match (self.0.key, algorithm) {
            (Some(KeyKind::Rsa), Algorithm::RsaV15Sha256 | Algorithm::RsaPssSha512) => {
                let public_key = repin(&self.0.der, algorithm).ok_or(CertificateError::WeakKey)?;
                Ok(Self(Arc::new(Inner { public_key, ..Inner::clone(&self.0) })))
            }
            _ => Err(CertificateError::WrongAlgorithm),
        }
    }

    pub(crate) fn check_time(&self, at: Timestamp) -> Result<(), CertificateError> {
        check_time(self.0.not_before, self.0.not_after, at)
    }
}

/// Whole seconds, both ends inclusive (RFC 5280 §4.1.2.5).
pub(crate) fn check_time(not_before: Timestamp, not_after: Timestamp, at: Timestamp) -> Result<(), CertificateError> {
    if at.as_second() < not_before.as_second() {
        Err(CertificateError::NotYetValid(not_before))
    } else if at.as_second() > not_after.as_second() {
        Err(CertificateError::Expired(not_after))
    } else {
        Ok(())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint && self.0.public_key.algorithm() == other.0.public_key.algorithm()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {:?}, {})", self.0.profile, self.0.subject, self.0.fingerprint)
    }
}
