//! The profiles, and the rules of each. Whatever a rule does not name is refused.

use std::fmt;

use mohur_wire::MemberId;

use crate::CertificateError;
use crate::oid::{CLIENT_AUTH, DIRECTORY_POLICY, DOCUMENT_SIGNING, SEAL_POLICY, SERVER_AUTH};
use crate::reading::{KeyKind, Reading};

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The offline root.
    Root,
    /// An issuing authority: TLS CA or Seal CA.
    Issuing,
    /// Opens and accepts connections.
    Tls,
    /// Seals messages.
    Seal,
    /// Signs the directory.
    Directory,
}

impl Profile {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing authority",
            Self::Tls => "TLS",
            Self::Seal => "seal",
            Self::Directory => "directory",
        }
    }

    /// The longest life, in days.
    pub const fn max_days(self) -> i64 {
        match self {
            Self::Root => 7306,
            Self::Issuing => 1827,
            Self::Tls => 366,
            Self::Seal | Self::Directory => 731,
        }
    }

    const fn key_usage(self) -> u16 {
        match self {
            Self::Root | Self::Issuing => KEY_CERT_SIGN | CRL_SIGN,
            Self::Tls => DIGITAL_SIGNATURE,
            Self::Seal | Self::Directory => DIGITAL_SIGNATURE | NON_REPUDIATION,
        }
    }

    const fn path_length(self) -> Option<u32> {
        match self {
            Self::Root => Some(1),
            Self::Issuing => Some(0),
            Self::Tls | Self::Seal | Self::Directory => None,
        }
    }

    const fn is_authority(self) -> bool {
        matches!(self, Self::Root | Self::Issuing)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// RFC 5280 §4.2.1.3, in the order in which x509-parser numbers the bits.
const DIGITAL_SIGNATURE: u16 = 1;
const NON_REPUDIATION: u16 = 1 << 1;
pub(crate) const KEY_CERT_SIGN: u16 = 1 << 5;
pub(crate) const CRL_SIGN: u16 = 1 << 6;

/// Which profile the certificate claims.
pub(crate) fn claimed(reading: &Reading) -> Option<Profile> {
    let has = |purpose: &[u8]| reading.purposes.iter().any(|found| found == purpose);
    if reading.authority {
        Some(if reading.self_issued { Profile::Root } else { Profile::Issuing })
    } else if has(SERVER_AUTH) || has(CLIENT_AUTH) {
        Some(Profile::Tls)
    } else if reading.policies.iter().any(|policy| policy == DIRECTORY_POLICY) {
        Some(Profile::Directory)
    } else if has(DOCUMENT_SIGNING) {
        Some(Profile::Seal)
    } else {
        None
    }
}

/// Everything that is wrong with the certificate by itself, whoever issued it and whatever the time.
pub(crate) fn problems(reading: &Reading) -> Vec<CertificateError> {
    match claimed(reading) {
        Some(profile) => problems_as(reading, profile),
        None => {
            let mut out = weaknesses(reading);
            out.push(CertificateError::NoProfile);
            out
        }
    }
}

fn weaknesses(reading: &Reading) -> Vec<CertificateError> {
    if reading.strong_signature { Vec::new() } else { vec![CertificateError::WeakSignature] }
}

/// Everything that keeps the certificate from having that profile, whichever it claims.
pub(crate) fn problems_as(reading: &Reading, profile: Profile) -> Vec<CertificateError> {
    let mut out = weaknesses(reading);
    let mut require = |holds: bool, error: CertificateError| {
        if !holds {
            out.push(error);
        }
    };
    require(has_accepted_key(reading, profile), CertificateError::WeakKey);
    let constrained = reading.authority == profile.is_authority() && reading.path_length == profile.path_length();
    require(constrained, CertificateError::BasicConstraints(profile));
    let (root, issuing) = (profile == Profile::Root, profile == Profile::Issuing);
    let issued = if reading.self_issued { !issuing } else { !root };
    require(issued, CertificateError::Issuer(profile));
    require(reading.key_usage == profile.key_usage(), CertificateError::KeyUsage(profile));
    require(has_purposes(reading, profile), CertificateError::ExtendedKeyUsage(profile));
    require(has_policies(reading, profile), CertificateError::Policy(profile));
    require(
        reading.not_after.as_second().saturating_sub(reading.not_before.as_second()) <= profile.max_days() * 86_400,
        CertificateError::LivesTooLong { profile, days: profile.max_days() },
    );
    if let Err(error) = member(reading, profile) {
        require(false, error);
    }
    let hosts_allowed = profile == Profile::Tls || reading.hosts.is_empty();
    require(hosts_allowed && reading.other_names == 0, CertificateError::UnexpectedNames(profile));
    out.extend(reading.form.iter().map(|fault| CertificateError::Form(*fault)));
    out
}

pub(crate) fn has_accepted_key(reading: &Reading, profile: Profile) -> bool {
    if profile.is_authority() {
        matches!(reading.key, Some(KeyKind::P256 | KeyKind::P384))
    } else {
        reading.public_key.is_some()
    }
}

fn is_set(found: &[Vec<u8>], expected: &[&[u8]]) -> bool {
    found.len() == expected.len() && expected.iter().all(|one| found.iter().any(|other| other == one))
}

fn has_purposes(reading: &Reading, profile: Profile) -> bool {
    let found = &reading.purposes;
    match profile {
        Profile::Root => found.is_empty(),
        Profile::Issuing => is_tls_issuer(reading) || is_seal_issuer(reading),
        Profile::Tls => is_set(found, &[SERVER_AUTH, CLIENT_AUTH]),
        Profile::Seal | Profile::Directory => is_set(found, &[DOCUMENT_SIGNING]),
    }
}

fn has_policies(reading: &Reading, profile: Profile) -> bool {
    match profile {
        Profile::Root | Profile::Tls => reading.policies.is_empty(),
        Profile::Issuing if is_seal_issuer(reading) => is_set(&reading.policies, &[SEAL_POLICY]),
        Profile::Issuing => reading.policies.is_empty(),
        Profile::Seal => is_set(&reading.policies, &[SEAL_POLICY]),
        Profile::Directory => is_set(&reading.policies, &[DIRECTORY_POLICY]),
    }
}

/// The extended key usage of an authority limits what it issues (RFC 5280 §4.2.1.12 as everyone applies it).
pub(crate) fn is_tls_issuer(reading: &Reading) -> bool {
    is_set(&reading.purposes, &[SERVER_AUTH, CLIENT_AUTH])
}

pub(crate) fn is_seal_issuer(reading: &Reading) -> bool {
    is_set(&reading.purposes, &[DOCUMENT_SIGNING])
}

/// The one member that the certificate names; `None` for profiles that name none.
pub(crate) fn member(reading: &Reading, profile: Profile) -> Result<Option<MemberId>, CertificateError> {
    match profile {
        Profile::Root | Profile::Issuing | Profile::Directory if reading.uris.is_empty() => Ok(None),
        Profile::Root | Profile::Issuing | Profile::Directory => Err(CertificateError::UnexpectedNames(profile)),
        Profile::Tls | Profile::Seal => match reading.uris.as_slice() {
            [] => Err(CertificateError::NoMember),
            [uri] => MemberId::from_uri(uri).map(Some).map_err(|_| CertificateError::BadMember),
            _ => Err(CertificateError::SeveralMembers),
        },
    }
}
