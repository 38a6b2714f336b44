//! An end entity's certificate that has one of the profiles.

use std::fmt;
use std::sync::Arc;

use mohur_crypto::digest::{Digest, sha256};
use mohur_crypto::{Algorithm, PublicKey};
use mohur_wire::{MemberId, Timestamp};

use crate::CertificateError;
use crate::profile::{Profile, claimed, member, problems};
use crate::reading::{KeyKind, Reading, repin};

/// A certificate of the profile TLS, seal or directory. It keeps the rules of its profile; whether to trust it says
/// [`crate::Trust`]. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    der: Vec<u8>,
    fingerprint: Digest,
    profile: Profile,
    member: Option<MemberId>,
    serial: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    hosts: Vec<String>,
    key: Option<KeyKind>,
    public_key: PublicKey,
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
            member: member(&reading, profile)?,
            serial: reading.serial,
            not_before: reading.not_before,
            not_after: reading.not_after,
            hosts: reading.hosts,
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
        self.0.member.as_ref()
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
        write!(f, "Certificate({}, {:?}, {})", self.0.profile, self.0.member, self.0.fingerprint)
    }
}
