//! Where the key behind a `keyid` or an `x5t#S256` comes from.

use mohur_chain::{Certificate, CertificateError, SealIdentity, Trust};
use mohur_crypto::Digest;
use mohur_wire::{MemberId, Refusal, RefusalCode, Timestamp};

/// Why a key may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No seal certificate of that fingerprint is known.
    #[error("no seal certificate in the directory has this SHA-256 fingerprint")]
    Unknown,
    /// The certificate is not valid at that time.
    #[error("the seal certificate is not valid now: renew it")]
    Expired,
    /// The certificate is revoked.
    #[error("the seal certificate has been revoked: ask the operator for a new one")]
    Revoked,
    /// The certificate is not a seal certificate of the member that the directory names.
    #[error(
        "the certificate is not one that may seal: use the seal certificate that the directory lists, not the TLS one"
    )]
    Refused,
}

impl KeyError {
    /// The refusal that the signer gets.
    pub const fn code(self) -> RefusalCode {
        match self {
            Self::Unknown => RefusalCode::KeyUnknown,
            Self::Expired => RefusalCode::CertificateExpired,
            Self::Revoked => RefusalCode::CertificateRevoked,
            Self::Refused => RefusalCode::CertificateRefused,
        }
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        let remedy = match error {
            KeyError::Unknown => {
                "; set keyid to the SHA-256 of the seal certificate's DER, 64 lower-case hexadecimal digits"
            }
            KeyError::Expired | KeyError::Revoked | KeyError::Refused => "",
        };
        Self::new(error.code(), format!("{error}{remedy}"))
    }
}

impl From<&CertificateError> for KeyError {
    fn from(error: &CertificateError) -> Self {
        let code = error.refusal();
        if code == RefusalCode::CertificateExpired {
            Self::Expired
        } else if code == RefusalCode::CertificateRevoked {
            Self::Revoked
        } else {
            // Whatever else is wrong with a certificate, it may not seal.
            Self::Refused
        }
    }
}

/// Finds the validated seal certificate of a fingerprint. The identity that it returns can only be made by `mohur_chain`.
pub trait KeySource: Send + Sync {
    /// The identity behind the SHA-256 of a seal certificate.
    fn seal(&self, key_id: &Digest) -> Result<SealIdentity, KeyError>;
}

impl<K: KeySource + ?Sized> KeySource for &K {
    fn seal(&self, key_id: &Digest) -> Result<SealIdentity, KeyError> {
        (**self).seal(key_id)
    }
}

/// Keys that a list names (a directory's snapshot) and a trust anchor validates, at one point in time.
pub struct TrustedKeys<'a, F> {
    find: F,
    trust: &'a Trust,
    at: Timestamp,
}

impl<'a, F> TrustedKeys<'a, F>
where
    F: Fn(&Digest) -> Option<(&'a MemberId, &'a Certificate)> + Send + Sync,
{
    /// `find` looks a fingerprint up in the list: whose it is, and the certificate.
    pub const fn new(find: F, trust: &'a Trust, at: Timestamp) -> Self {
        Self { find, trust, at }
    }
}

impl<'a, F> KeySource for TrustedKeys<'a, F>
where
    F: Fn(&Digest) -> Option<(&'a MemberId, &'a Certificate)> + Send + Sync,
{
    fn seal(&self, key_id: &Digest) -> Result<SealIdentity, KeyError> {
        let (member, certificate) = (self.find)(key_id).ok_or(KeyError::Unknown)?;
        let identity = self.trust.validate_seal(certificate, self.at).map_err(|error| KeyError::from(&error))?;
        // The list and the certificate must speak of the same member.
        if identity.member() == member { Ok(identity) } else { Err(KeyError::Refused) }
    }
}
